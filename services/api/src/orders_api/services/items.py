"""Items: what the shop sells."""

from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, func, select

from orders.problems import Conflict, NotFound
from orders.tables import Item, OrderLine
from orders_api.clients.database import Database
from orders_api.schemas.item import ItemChange, ItemQuery, NewItem
from orders_api.services import cursors
from orders_api.services.pages import Page, read_page, scope_of
from orders_api.services.rendering import ITEM, as_json

_ONE = f"SELECT {as_json(ITEM)}::text AS body FROM items WHERE id = :id"


def create(database: Database, item: NewItem) -> tuple[int, str]:
    """Create an item and return its id and JSON."""
    with database.session() as session:
        now = session.exec(select(func.tally_now())).one()
        columns = _columns(item.model_dump()) | {"created_at": now, "updated_at": now}
        row = Item(**columns)
        session.add(row)
        body = _body(session, row)
        return int(row.id or 0), body


def get(database: Database, item_id: int) -> str:
    """Return an item's JSON.

    Raises:
        NotFound: There is no such item.
    """
    with database.transaction() as connection:
        body = connection.execute(text(_ONE), {"id": item_id}).scalar_one_or_none()
    if body is None:
        raise _missing(item_id)
    return str(body)


def list_items(database: Database, query: ItemQuery) -> Page:
    """Return the items that pass the filter, newest first.

    Raises:
        Unprocessable: The cursor is none, or belongs to other filters.
    """
    scope = scope_of("items", {"in_stock": query.in_stock})
    values: dict[str, Any] = {}
    where = ["true"]
    if query.in_stock is not None:
        where.append("in_stock = :in_stock")
        values["in_stock"] = query.in_stock
    if query.cursor is not None:
        where.append("id < CAST(:after AS bigint)")
        values["after"] = cursors.decode(query.cursor, scope, 1)[0]
    statement = f"""
        SELECT {as_json(ITEM)} AS body, ARRAY[id] AS key
        FROM items WHERE {" AND ".join(where)} ORDER BY id DESC"""
    with database.transaction() as connection:
        return read_page(connection, statement, values, limit=query.limit, scope=scope)


def update(database: Database, item_id: int, change: NewItem | ItemChange) -> str:
    """Change an item and return its JSON; of an ItemChange only the fields that were set.

    Raises:
        NotFound: There is no such item.
    """
    partial = isinstance(change, ItemChange)
    columns = _columns(change.model_dump(exclude_unset=partial))
    if not columns:
        return get(database, item_id)
    with database.session() as session:
        row = _locked(session, item_id)
        row.sqlmodel_update(columns | {"updated_at": func.tally_now()})
        return _body(session, row)


def delete(database: Database, item_id: int) -> None:
    """Delete an item that no order names.

    Raises:
        NotFound: There is no such item.
        Conflict: An order has a line with it, though the order itself may be deleted.
    """
    with database.session() as session:
        item = _locked(session, item_id)
        # A line that is being written holds the item; one that is not written yet must wait.
        if session.exec(select(OrderLine).where(OrderLine.item_id == item_id).limit(1)).first():
            raise Conflict(f"Item {item_id} is in a line of an order, and lines stay.")
        session.delete(item)


def _locked(session: Session, item_id: int) -> Item:
    item = session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise _missing(item_id)
    return item


def _missing(item_id: int) -> NotFound:
    return NotFound(f"There is no item {item_id}.")


def _body(session: Session, item: Item) -> str:
    """Return the item as Postgres holds it now, as JSON."""
    session.flush()
    return str(session.connection().execute(text(_ONE), {"id": item.id}).scalar_one())


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an item's fields; the price in cents, exactly."""
    columns = dict(fields)
    if "price" in columns:
        price: Decimal = columns.pop("price")
        columns["price_cents"] = int(price * 100)
    return columns
