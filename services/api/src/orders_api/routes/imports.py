"""Orders, by the file."""

from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request, Response

from orders_api.problems import UnsupportedMediaType
from orders_api.routes.content import content_encoding, media_type
from orders_api.routes.dependencies import (
    CurrentCaller,
    CurrentOrderMetrics,
    CurrentSettings,
    Db,
    running_request,
)
from orders_api.routes.documentation import problems
from orders_api.routes.features import requires
from orders_api.routes.idempotency import (
    KEY_PARAMETER,
    REPLAYED,
    REPLAYED_HEADER,
    idempotency_key,
)
from orders_api.routes.responses import json_text
from orders_api.routes.strict_route import scoped
from orders_api.schemas.import_result import ImportResult
from orders_api.schemas.scopes import Scope
from orders_api.services.idempotency import IdempotencyKey
from orders_api.services.imports import imports
from orders_api.services.imports.intake import Intake
from orders_api.settings.server import Feature

router = APIRouter(
    tags=["orders"],
    route_class=scoped(Scope.ORDERS_IMPORT),
    dependencies=[Depends(requires(Feature.IMPORTS))],
)

_FORMATS: Final[dict[str, imports.Format]] = {
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
}
_BATCH: Final = 2**18
_ROW: Final = '{"customer_id": 42, "total_cents": 1999, "region": "us-west"}\n'
_BODY: Final = {
    "required": True,
    "content": {
        "application/x-ndjson": {"schema": {"type": "string"}, "example": _ROW},
        "text/csv": {
            "schema": {"type": "string"},
            "example": "customer_id,total_cents,region\n42,1999,us-west\n",
        },
    },
}


@router.post(
    "/orders:import",
    status_code=201,
    response_class=Response,
    openapi_extra={"requestBody": _BODY, "parameters": [KEY_PARAMETER]},
    responses={
        201: {"model": ImportResult, "headers": REPLAYED_HEADER},
        **problems(
            "corrupt-gzip",
            "too-large",
            "unsupported-media-type",
            "import-refused",
            "idempotency-in-progress",
            "idempotency-mismatch",
            "validation",
            "internal",
            "unavailable",
        ),
    },
)
async def import_orders(
    request: Request,
    database: Db,
    caller: CurrentCaller,
    *,
    settings: CurrentSettings,
    metrics: CurrentOrderMetrics,
    on_error: Annotated[
        Literal["refuse", "skip"],
        Query(description="`refuse` imports all lines or none; `skip` keeps the good ones."),
    ] = "refuse",
) -> Response:
    """Import orders from NDJSON or CSV, gzip or not; by default the whole file or nothing.

    Every line is one order, but for blank lines and the header line that CSV begins with: a
    quoted field of CSV ends on its line; JSON in `metadata` needs no line feeds. Fields are those
    of a new order but for `lines`, in snake_case or camelCase.
    `imported` and `skipped` together count every such line. With an Idempotency-Key an import
    that is repeated after a lost answer adds nothing.
    """
    running_request(request).allow(settings.import_timeout_s)
    form, gzip = _format(request), content_encoding(request, "gzip", "x-gzip") != "identity"
    key = idempotency_key(request)
    orders = metrics.importing()

    def begin() -> Intake:
        limit = settings.import_max_bytes
        return imports.begin(database, form, caller, gzip=gzip, max_bytes=limit, note=orders.add)

    def finish() -> imports.Imported:
        operation = f"POST /orders:import {form} {on_error}"
        known_by = IdempotencyKey.of(caller.name, key, operation, intake.digest())
        return imports.finish(
            database,
            intake,
            skip_bad=on_error == "skip",
            key=known_by,
            committed=lambda: metrics.imported(orders),
        )

    with await run_sync(begin) as intake:
        async for batch in _batches(request.stream()):
            await run_sync(intake.feed, batch)
        imported = await run_sync(finish)
    return json_text(imported.answer, 201, **(REPLAYED if imported.replayed else {}))


async def _batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Gather small chunks, so that a hop to a thread carries work worth it."""
    batch = bytearray()
    async for chunk in chunks:
        batch += chunk
        if len(batch) >= _BATCH:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


def _format(request: Request) -> imports.Format:
    kind = _FORMATS.get(media_type(request))
    if kind is None:
        raise UnsupportedMediaType(f"Send one of these: {', '.join(_FORMATS)}.")
    return kind
