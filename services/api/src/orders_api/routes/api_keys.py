"""API keys: what programs call with."""

import json
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request, Response

from orders_api.routes.dependencies import CurrentAccess, CurrentCaller, Db
from orders_api.routes.documentation import problems
from orders_api.routes.responses import page_answer
from orders_api.routes.strict_route import scoped
from orders_api.schemas.access import ApiKeyPage, CreatedApiKey, NewApiKey
from orders_api.schemas.fields import Id
from orders_api.schemas.paging import Paging
from orders_api.schemas.scopes import Scope
from orders_api.services.access import api_keys

router = APIRouter(
    prefix="/api-keys",
    tags=["api keys"],
    route_class=scoped(Scope.ADMIN),
    responses=problems("validation", "internal", "unavailable"),
)
KeyId = Annotated[Id, Path(description="The id of an API key.")]


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={
        201: {"model": CreatedApiKey},
        **problems("malformed-json", "too-large", "unsupported-media-type"),
    },
)
def create_api_key(wanted: NewApiKey, caller: CurrentCaller, database: Db) -> Response:
    """Create an API key. It is shown in this answer and never again."""
    key, body = api_keys.create(database, wanted, caller.name)
    shown = {**json.loads(body), "key": key}
    return Response(json.dumps(shown), 201, {"Cache-Control": "no-store"}, "application/json")


@router.get("", response_class=Response, responses={200: {"model": ApiKeyPage}})
def list_api_keys(request: Request, paging: Annotated[Paging, Query()], database: Db) -> Response:
    """List API keys, newest first, those that were revoked as well."""
    return page_answer(request, api_keys.list_keys(database, paging), "api_keys")


@router.delete(
    "/{key_id}", status_code=204, response_class=Response, responses=problems("not-found")
)
async def revoke_api_key(key_id: KeyId, access: CurrentAccess, database: Db) -> None:
    """Revoke an API key, which may be revoked already.

    Other instances of the service may take it for some seconds more.
    """
    access.authenticator.forget(await run_sync(api_keys.revoke, database, key_id))
