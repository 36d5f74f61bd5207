"""Items: what the shop sells."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from orders_api.routes.dependencies import Db, ItemId
from orders_api.routes.documentation import problems
from orders_api.routes.responses import json_text, mount, page_answer
from orders_api.routes.strict_route import scoped
from orders_api.schemas.item import Item, ItemChange, ItemPage, ItemQuery, NewItem
from orders_api.schemas.scopes import Scope
from orders_api.services import items

_ITEMS: Final[dict[str, Any]] = {
    "prefix": "/items",
    "tags": ["items"],
    "responses": problems("validation", "internal", "unavailable"),
}
reading = APIRouter(**_ITEMS, route_class=scoped(Scope.ORDERS_READ))
writing = APIRouter(**_ITEMS, route_class=scoped(Scope.ITEMS_WRITE))
_BODY_PROBLEMS = problems("malformed-json", "too-large", "unsupported-media-type")


@writing.post(
    "",
    status_code=201,
    response_class=Response,
    responses={201: {"model": Item}, **_BODY_PROBLEMS},
)
def create_item(request: Request, item: NewItem, database: Db) -> Response:
    """Create an item."""
    item_id, body = items.create(database, item)
    return json_text(body, 201, Location=f"{mount(request)}/items/{item_id}")


@reading.get("", response_class=Response, responses={200: {"model": ItemPage}})
def list_items(request: Request, query: Annotated[ItemQuery, Query()], database: Db) -> Response:
    """List items, newest first, a page at a time."""
    return page_answer(request, items.list_items(database, query), "items")


@reading.get(
    "/{item_id}",
    response_class=Response,
    responses={200: {"model": Item}, **problems("not-found")},
)
def get_item(item_id: ItemId, database: Db) -> Response:
    """Show an item."""
    return json_text(items.get(database, item_id))


@writing.put(
    "/{item_id}",
    response_class=Response,
    responses={200: {"model": Item}, **_BODY_PROBLEMS, **problems("not-found")},
)
def replace_item(item_id: ItemId, item: NewItem, database: Db) -> Response:
    """Replace an item; what is left out gets its default."""
    return json_text(items.update(database, item_id, item))


@writing.patch(
    "/{item_id}",
    response_class=Response,
    responses={200: {"model": Item}, **_BODY_PROBLEMS, **problems("not-found")},
)
def change_item(item_id: ItemId, change: ItemChange, database: Db) -> Response:
    """Change an item; what is left out stays."""
    return json_text(items.update(database, item_id, change))


@writing.delete(
    "/{item_id}",
    status_code=204,
    response_class=Response,
    responses=problems("not-found", "conflict"),
)
def delete_item(item_id: ItemId, database: Db) -> None:
    """Delete an item that no order names."""
    items.delete(database, item_id)
