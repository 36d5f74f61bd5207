"""Orders out, by the file."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from orders_api.routes.dependencies import CurrentSettings, running_request
from orders_api.routes.documentation import header, problems
from orders_api.routes.features import requires
from orders_api.routes.streaming import BreakableResponse
from orders_api.routes.strict_route import scoped
from orders_api.schemas.export import MEDIA_TYPES, ExportQuery, preferred
from orders_api.schemas.scopes import Scope
from orders_api.services.exports.exports import Export, Exports
from orders_api.settings.server import Feature

router = APIRouter(
    tags=["orders"],
    route_class=scoped(Scope.ORDERS_READ),
    dependencies=[Depends(requires(Feature.EXPORTS))],
)

_HEADERS = header(
    "Tally-Watermark",
    "The change_id up to which every change is final in the export; go on from it.",
    "4711",
) | header(
    "Content-Disposition",
    "A name for the file, with the watermark in it.",
    'attachment; filename="orders-4711.ndjson"',
)
_FILE = {"schema": {"type": "string", "format": "binary"}}


async def opened(
    request: Request, query: Annotated[ExportQuery, Query()], settings: CurrentSettings
) -> AsyncIterator[Export]:
    """Yield the export that is asked for; it ends when the answer has."""
    running_request(request).allow(settings.export_timeout_s)
    exports: Exports = request.state.exports
    form = query.format or preferred(request.headers.get("accept", ""))
    async with exports.open(query, form) as export:
        yield export


@router.get(
    "/orders:export",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys(MEDIA_TYPES.values(), _FILE), "headers": _HEADERS},
        **problems("validation", "internal", "unavailable"),
    },
)
async def export_orders(
    request: Request, export: Annotated[Export, Depends(opened)], settings: CurrentSettings
) -> Response:
    """Export all orders that pass the filters, as of one moment, in no order.

    NDJSON has the orders as lists show them; CSV and Parquet have no lines. Where a file cannot be
    finished, the connection is broken off: clients report an error, and what they have is no file.
    """
    headers = {
        "Content-Type": MEDIA_TYPES[export.form],
        "Content-Disposition": f'attachment; filename="orders-{export.watermark}.{export.form}"',
        "Tally-Watermark": str(export.watermark),
        "Vary": "Accept",
    }
    if "head" in request.scope["state"]:
        answer = Response(None, 200, headers)
        del answer.headers["Content-Length"]
        return answer
    return BreakableResponse(
        export.chunks(),
        headers,
        running_request(request),
        timeout_s=settings.export_timeout_s,
        pause_s=settings.export_pause_s,
    )
