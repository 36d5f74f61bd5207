"""Tokens: how they are had and ended; and who has one."""

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from orders_api.problems import clip
from orders_api.routes.access import client_address, counted
from orders_api.routes.dependencies import CurrentAccess, CurrentSettings
from orders_api.routes.documentation import problems
from orders_api.routes.forms import bad_form, form_body, read_form
from orders_api.routes.strict_route import scoped
from orders_api.schemas.access import Me, TokenAnswer
from orders_api.schemas.caller import Principal
from orders_api.schemas.need import Need
from orders_api.schemas.scopes import Scope
from orders_api.services.access.logins import Login, Logins

public = APIRouter(
    prefix="/auth",
    tags=["auth"],
    route_class=scoped(Need.NOTHING),
    dependencies=[Depends(counted)],
    responses=problems("validation", "too-many-requests", "internal", "unavailable"),
)
known = APIRouter(
    prefix="/auth",
    tags=["auth"],
    route_class=scoped(Need.IDENTITY),
    responses=problems("validation", "internal", "unavailable"),
)
# What `client_id` says is not looked at: clients are public (RFC 6749, 2.1).
_TOKEN_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "grant_type": {"enum": ["password", "refresh_token"]},
    "username": {"description": "The e-mail address; of the grant `password`."},
    "password": {"format": "password", "description": "Of the grant `password`."},
    "refresh_token": {"description": "Of the grant `refresh_token`."},
    "scope": {"description": "Scopes with spaces between; if left out, all that can be had."},
    "client_id": {"description": "Is taken, and not looked at."},
}
_LOGIN: Final = {
    "grant_type": "password",
    "username": "clerk@example.com",
    "password": "correct horse battery staple",
}
_REVOKE_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "token": {"minLength": 1, "description": "A refresh token."},
    "token_type_hint": {"description": "Is taken, and not looked at."},
    "client_id": {"description": "Is taken, and not looked at."},
}
_FORM_PROBLEMS: Final = problems("bad-request", "too-large", "unsupported-media-type")
_NOT_KEPT: Final = {"Cache-Control": "no-store"}


@public.post(
    "/token",
    response_class=Response,
    responses={200: {"model": TokenAnswer}, **_FORM_PROBLEMS},
    openapi_extra=form_body(_TOKEN_FIELDS, ["grant_type"], _LOGIN),
)
async def create_token(
    request: Request, access: CurrentAccess, settings: CurrentSettings
) -> Response:
    """Log in with a password, or go on with a refresh token, which is good only once.

    A refresh token that comes a second time ends the login. Errors have a member `error`, as
    RFC 6749 (5.2) names them.
    """
    form = await read_form(request, _TOKEN_FIELDS)
    login = await _granted(access.logins, form, client_address(request, settings.proxies))
    answer = TokenAnswer(
        access_token=login.access_token,
        expires_in=login.expires_in_s,
        refresh_token=login.refresh_token,
        scope=" ".join(sorted(login.scopes)),
    )
    return Response(answer.model_dump_json(), 200, _NOT_KEPT, "application/json")


@public.post(
    "/revoke",
    responses=_FORM_PROBLEMS,
    response_class=Response,
    openapi_extra=form_body(
        _REVOKE_FIELDS, ["token"], {"token": "hT0nB2mZ8cKq4vYw6sXr1eDfGjLpAiUo"}
    ),
)
async def revoke_token(request: Request, access: CurrentAccess) -> Response:
    """End a login by its refresh token (RFC 7009); a token that is none is no error."""
    form = await read_form(request, _REVOKE_FIELDS)
    token = _needed(form, "token")
    if "." in token:
        detail = "An access token cannot be revoked, it ends soon; send the refresh token."
        raise bad_form(detail, "unsupported_token_type")
    await access.logins.revoke(token)
    return Response(headers=_NOT_KEPT)


@known.get("/me")
async def show_caller(request: Request) -> Me:
    """Show who calls, and what they may do."""
    principal: Principal = request.state.principal
    return Me(name=principal.name, scopes=sorted(principal.scopes))


async def _granted(logins: Logins, form: dict[str, str], address: str) -> Login:
    grant = _needed(form, "grant_type")
    if grant == "password":
        username, password = _needed(form, "username"), _needed(form, "password")
        return await logins.log_in(username, password, _scopes(form), address)
    if grant == "refresh_token":
        return await logins.refresh(_needed(form, "refresh_token"), _scopes(form))
    raise bad_form("grant_type is password or refresh_token.", "unsupported_grant_type")


def _needed(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise bad_form(f"{name} is missing.")
    return form[name]


def _scopes(form: dict[str, str]) -> frozenset[Scope] | None:
    names = form.get("scope", "").split()
    if unknown := set(names) - set(Scope):
        raise bad_form(f"There is no such scope: {clip(min(unknown))}.", "invalid_scope")
    return frozenset(map(Scope, names)) or None
