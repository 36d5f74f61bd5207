"""The sales of each day."""

from time import monotonic
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from orders_api.problems import PreconditionFailed
from orders_api.routes.conditions import ENTITY_TAGS, Conditions
from orders_api.routes.documentation import header, problems
from orders_api.routes.features import requires
from orders_api.routes.responses import json_text
from orders_api.routes.strict_route import scoped
from orders_api.schemas.order import Region
from orders_api.schemas.sales import DailySales, KnownCurrency, SalesQuery, UrlDay
from orders_api.schemas.scopes import Scope
from orders_api.services.sales import SalesReader, sales_query
from orders_api.settings.server import Feature

router = APIRouter(
    prefix="/sales",
    tags=["sales"],
    route_class=scoped(Scope.SALES_READ),
    dependencies=[Depends(requires(Feature.SALES))],
    responses=problems("validation", "internal", "unavailable"),
)
_HEADERS: Final = header(
    "Cache-Control", "How long the answer may be used again.", "private, max-age=60"
) | header("ETag", "Changes with the answer.", '"0ed5ba9cbe3a1f2f61d1c3eb7c4b0a3c"')


async def asked(
    *,
    first_day: Annotated[
        UrlDay | None,
        Query(alias="from", description="A UTC day; if left out, the 30th of those up to `to`."),
    ] = None,
    last_day: Annotated[
        UrlDay | None,
        Query(alias="to", description="Inclusive, at most the 366th; if left out, yesterday."),
    ] = None,
    region: Annotated[
        list[Region],
        Query(max_length=100, default_factory=list, description="Any of these; repeat it."),
    ],
    currency: Annotated[
        list[KnownCurrency],
        Query(max_length=100, default_factory=list, description="Any of these; repeat it."),
    ],
) -> SalesQuery:
    """Return which sales a request asks for."""
    return sales_query(first_day, last_day, region, currency)


@router.get(
    "/daily",
    response_class=Response,
    responses={
        200: {"model": DailySales, "headers": _HEADERS},
        304: {"description": "If-None-Match names what there is.", "headers": _HEADERS},
        **problems("bad-request", "not-found", "precondition-failed"),
    },
    openapi_extra={
        "parameters": [
            {
                "name": "If-None-Match",
                "in": "header",
                "schema": dict(ENTITY_TAGS),
                "description": "ETags that the caller has: answered 304 if one is current.",
            }
        ]
    },
)
async def get_daily_sales(
    request: Request, query: Annotated[SalesQuery, Depends(asked)], conditions: Conditions
) -> Response:
    """Show what was sold each day, as far as it is published."""
    reader: SalesReader = request.state.sales
    answer = await reader.read(query)
    left_s = max(0, int(answer.fresh_until - monotonic()))
    headers = {
        "ETag": answer.tag,
        "Cache-Control": f"private, max-age={left_s}",
        # Who calls next from the same browser may not see sales at all.
        "Vary": "Authorization, X-API-Key",
    }
    failed = conditions.failed(answer.tag)
    if failed == "If-Match":
        raise PreconditionFailed("These sales have no ETag that If-Match names.")
    if failed == "If-None-Match":
        return Response(None, 304, headers)
    return json_text(answer.body, 200, **headers)
