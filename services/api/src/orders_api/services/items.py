"""Items: what the shop sells."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from orders.problems import NotFound
from orders_api.clients.database import Database
from orders_api.schemas.item import ItemChange, ItemQuery, NewItem
from orders_api.services import cursors
from orders_api.services.pages import Page, read_page, scope_of
from orders_api.services.rendering import ITEM, as_json

_BODY = f"{as_json(ITEM)}::text AS body"


def create(database: Database, item: NewItem) -> tuple[int, str]:
    """Create an item and return its id and JSON."""
    statement = f"""
        WITH clock AS MATERIALIZED (SELECT tally_now() AS now),
        created AS (
            INSERT INTO items (name, price_cents, in_stock, created_at, updated_at)
            SELECT :name, CAST(:price_cents AS bigint), :in_stock, now, now FROM clock
            RETURNING *)
        SELECT id, {_BODY} FROM created"""
    with database.transaction() as connection:
        row = connection.execute(text(statement), _columns(item.model_dump())).one()
        return row.id, row.body


def get(database: Database, item_id: int) -> str:
    """Return an item's JSON.

    Raises:
        NotFound: There is no such item.
    """
    return _one(database, f"SELECT {_BODY} FROM items WHERE id = :id", {"id": item_id})


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
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    statement = f"""
        WITH changed AS (
            UPDATE items SET {assignments}, updated_at = tally_now() WHERE id = :id RETURNING *)
        SELECT {_BODY} FROM changed"""
    return _one(database, statement, columns | {"id": item_id})


def delete(database: Database, item_id: int) -> None:
    """Delete an item.

    Raises:
        NotFound: There is no such item.
    """
    _one(database, "DELETE FROM items WHERE id = :id RETURNING '' AS body", {"id": item_id})


def _one(database: Database, statement: str, values: Mapping[str, Any]) -> str:
    with database.transaction() as connection:
        body = connection.execute(text(statement), values).scalar_one_or_none()
    if body is None:
        raise NotFound(f"There is no item {values['id']}.")
    return str(body)


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an item's fields; the price in cents, exactly."""
    columns = dict(fields)
    if "price" in columns:
        price: Decimal = columns.pop("price")
        columns["price_cents"] = int(price * 100)
    return columns
