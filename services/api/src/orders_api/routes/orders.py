"""Orders, one at a time and in lists."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from orders_api.routes.dependencies import CurrentCaller, Db, OrderId
from orders_api.routes.documentation import problems
from orders_api.routes.responses import order_answer, page_answer
from orders_api.routes.strict_route import StrictRoute
from orders_api.schemas.order import History, NewOrder, Order, OrderPage, OrderQuery, StatusChange
from orders_api.schemas.paging import Paging
from orders_api.services import order_reads, order_writes

router = APIRouter(
    prefix="/orders",
    tags=["orders"],
    route_class=StrictRoute,
    responses=problems("validation", "internal", "unavailable"),
)
_BODY_PROBLEMS = problems("malformed-json", "too-large", "unsupported-media-type")


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={201: {"model": Order}, **_BODY_PROBLEMS},
)
def create_order(order: NewOrder, database: Db, caller: CurrentCaller) -> Response:
    """Create an order."""
    created = order_writes.create(database, order, caller)
    return order_answer(created, 201, Location=f"/orders/{created.id}")


@router.get("", response_class=Response, responses={200: {"model": OrderPage}})
def list_orders(request: Request, query: Annotated[OrderQuery, Query()], database: Db) -> Response:
    """List orders, newest first, a page at a time."""
    return page_answer(request, order_reads.list_orders(database, query), "orders")


@router.get(
    "/{order_id}",
    response_class=Response,
    responses={200: {"model": Order}, **problems("not-found")},
)
def get_order(order_id: OrderId, database: Db) -> Response:
    """Show an order as it is now."""
    return order_answer(order_reads.get(database, order_id))


@router.patch(
    "/{order_id}",
    response_class=Response,
    responses={
        200: {"model": Order},
        **_BODY_PROBLEMS,
        **problems("not-found", "illegal-transition"),
    },
)
def change_order_status(
    order_id: OrderId, change: StatusChange, database: Db, caller: CurrentCaller
) -> Response:
    """Move an order to another status."""
    return order_answer(order_writes.move(database, order_id, change.status, caller))


@router.delete(
    "/{order_id}", status_code=204, response_class=Response, responses=problems("not-found")
)
def delete_order(order_id: OrderId, database: Db, caller: CurrentCaller) -> None:
    """Delete an order; its history stays."""
    order_writes.delete(database, order_id, caller)


@router.get(
    "/{order_id}/history",
    response_class=Response,
    responses={200: {"model": History}, **problems("not-found")},
)
def get_order_history(
    request: Request, order_id: OrderId, paging: Annotated[Paging, Query()], database: Db
) -> Response:
    """Show an order's changes, oldest first; those of a deleted order too."""
    return page_answer(request, order_reads.history(database, order_id, paging), "changes")
