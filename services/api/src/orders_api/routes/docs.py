"""The docs for people and the document for programs; in production only if they are asked for."""

from hashlib import sha256
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from orders.problems import NotFound
from orders_api.problems import clip
from orders_api.routes.assets import asset, asset_answer
from orders_api.routes.conditions import Conditions
from orders_api.routes.dependencies import CurrentSettings
from orders_api.routes.html import page
from orders_api.routes.responses import mount
from orders_api.routes.strict_route import public


async def _documented(request: Request, settings: CurrentSettings) -> None:
    if not settings.shows_docs:
        raise _nothing_at(request)


router = APIRouter(route_class=public, include_in_schema=False, dependencies=[Depends(_documented)])
_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# Redoc writes style elements, and searches in a worker that it makes of a blob.
_REDOC_CSP: Final = f"{_CSP}; worker-src blob:".replace(
    "style-src 'self'", "style-src 'unsafe-inline'"
)


@router.get("/docs")
def show_docs(request: Request) -> Response:
    """Show the API to people who want to try it."""
    return page(
        "swagger.html",
        _CSP,
        openapi=f"{mount(request)}/openapi.json",
        favicon=_url(request, "favicon.png"),
        style=_url(request, "swagger-ui.css"),
        library=_url(request, "swagger-ui-bundle.js"),
        start=_url(request, "swagger.js"),
    )


@router.get("/redoc")
def show_reference(request: Request) -> Response:
    """Show the API to people who want to read."""
    return page(
        "redoc.html",
        _REDOC_CSP,
        openapi=f"{mount(request)}/openapi.json",
        favicon=_url(request, "favicon.png"),
        library=_url(request, "redoc.standalone.js"),
        start=_url(request, "redoc.js"),
    )


@router.get("/docs/assets/{digest}/{name}")
def show_asset(request: Request, digest: str, name: str) -> Response:
    """Show a file that the pages load."""
    try:
        found = asset(name)
    except KeyError:
        raise _nothing_at(request) from None
    if found.digest != digest:
        raise _nothing_at(request)
    return asset_answer(request, found)


@router.get("/openapi.json")
def show_openapi(request: Request, conditions: Conditions) -> Response:
    """Show the API to programs."""
    document: bytes = request.app.openapi_json
    tag = f'"{sha256(document).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if conditions.failed(tag) == "If-None-Match":
        return Response(None, 304, headers)
    return Response(document, 200, headers, "application/json")


def _url(request: Request, name: str) -> str:
    return f"{mount(request)}/docs/assets/{asset(name).digest}/{name}"


def _nothing_at(request: Request) -> NotFound:
    return NotFound(f"There is nothing at {clip(request.url.path)}.")
