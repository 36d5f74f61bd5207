"""Orders, one at a time and in lists."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from orders_api.routes.conditions import (
    ETAG_HEADER,
    FAILED,
    NOT_MODIFIED,
    READ_CONDITIONS,
    WRITE_CONDITIONS,
    Conditions,
    OrderAttempt,
)
from orders_api.routes.dependencies import Db, Mover, OrderId, order_writer
from orders_api.routes.documentation import LINK_HEADER, header, problems
from orders_api.routes.idempotency import KEY_PARAMETER, REPLAYED, REPLAYED_HEADER, idempotency_key
from orders_api.routes.responses import mount, order_answer, page_answer, shown_order
from orders_api.routes.strict_route import scoped
from orders_api.schemas.order import History, NewOrder, Order, OrderPage, StatusChange
from orders_api.schemas.order_query import OrderQuery
from orders_api.schemas.paging import Paging
from orders_api.schemas.scopes import Scope
from orders_api.services import order_lists, order_moves, order_reads, order_writes
from orders_api.services.order_creation import NewOrderRequest
from orders_api.services.order_moves import MoveRequest


class _OrderConvertor(StringConvertor):
    """What may stand for an order's id; the events stand beside the orders."""

    regex = "(?!events(?:/|$))[^/]+"


register_url_convertor("order", _OrderConvertor())
_ORDERS: Final[dict[str, Any]] = {
    "prefix": "/orders",
    "tags": ["orders"],
    "responses": problems("validation", "internal", "unavailable"),
}
reading = APIRouter(**_ORDERS, route_class=scoped(Scope.ORDERS_READ))
writing = APIRouter(**_ORDERS, route_class=scoped(Scope.ORDERS_WRITE))
_CREATED_HEADERS = (
    header("Location", "Where the order is.", "/orders/7") | ETAG_HEADER | REPLAYED_HEADER
)
_BODY_PROBLEMS = problems("malformed-json", "too-large", "unsupported-media-type")


@writing.post(
    "",
    status_code=201,
    response_class=Response,
    responses={
        201: {"model": Order, "headers": _CREATED_HEADERS},
        **_BODY_PROBLEMS,
        **problems("validation", "idempotency-mismatch", "idempotency-in-progress"),
    },
    openapi_extra={"parameters": [KEY_PARAMETER]},
)
async def create_order(request: Request, order: NewOrder) -> Response:
    """Create an order; with an Idempotency-Key once, however often it is repeated."""
    # Read here and not by a dependency, which would cost a tenth of all that is done.
    wanted = NewOrderRequest.of(order, request.state.caller, idempotency_key(request))
    created = await order_writer(request).submit(wanted)
    headers = {"Location": f"{mount(request)}/orders/{created.document.id}"}
    if created.replayed:
        headers |= REPLAYED
    return order_answer(created.document, 201, **headers)


@reading.get(
    "", response_class=Response, responses={200: {"model": OrderPage, "headers": LINK_HEADER}}
)
def list_orders(request: Request, query: Annotated[OrderQuery, Query()], database: Db) -> Response:
    """List orders a page at a time; only a page without next_cursor is the last."""
    return page_answer(request, order_lists.list_orders(database, query), "orders")


@reading.get(
    "/{order_id:order}",
    response_class=Response,
    responses={
        200: {"model": Order, "headers": ETAG_HEADER},
        **NOT_MODIFIED,
        **problems("bad-request", "not-found"),
        **FAILED,
    },
    openapi_extra=READ_CONDITIONS,
)
def get_order(order_id: OrderId, database: Db, conditions: Conditions) -> Response:
    """Show an order as it is now."""
    return shown_order(order_reads.get(database, order_id), conditions)


@writing.patch(
    "/{order_id:order}",
    response_class=Response,
    responses={
        200: {"model": Order, "headers": ETAG_HEADER},
        **_BODY_PROBLEMS,
        **problems("bad-request", "malformed-json", "not-found", "illegal-transition"),
        **problems("precondition-required"),
        **FAILED,
    },
    openapi_extra=WRITE_CONDITIONS,
)
async def change_order_status(
    order_id: OrderId, change: StatusChange, attempt: OrderAttempt, mover: Mover, database: Db
) -> Response:
    """Move an order to another status, unless it changed since the caller saw it."""
    wanted = MoveRequest(order_id, change.status, attempt)
    return order_answer(await order_moves.move(mover, database, wanted))


@writing.delete(
    "/{order_id:order}",
    status_code=204,
    response_class=Response,
    responses={**problems("bad-request", "not-found", "precondition-required"), **FAILED},
    openapi_extra=WRITE_CONDITIONS,
)
def delete_order(order_id: OrderId, attempt: OrderAttempt, database: Db) -> None:
    """Delete an order, unless it changed since the caller saw it; its history stays."""
    order_writes.delete(database, order_id, attempt)


@reading.get(
    "/{order_id:order}/history",
    response_class=Response,
    responses={200: {"model": History, "headers": LINK_HEADER}, **problems("not-found")},
)
def get_order_history(
    request: Request, order_id: OrderId, paging: Annotated[Paging, Query()], database: Db
) -> Response:
    """Show an order's changes, oldest first; those of a deleted order too."""
    return page_answer(request, order_reads.history(database, order_id, paging), "changes")
