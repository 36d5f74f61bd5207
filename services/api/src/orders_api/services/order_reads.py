"""Reading orders and their histories."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from orders_api.clients.database import Database
from orders_api.problems import invalid
from orders_api.schemas.order import OrderQuery
from orders_api.schemas.paging import Paging
from orders_api.services import cursors
from orders_api.services.order_writes import OrderDocument, missing
from orders_api.services.pages import Page, read_page, scope_of
from orders_api.services.rendering import CHANGE, ORDER, ORDERS, as_json

_ONE = f"SELECT id, version, {as_json(ORDER)}::text AS body FROM {ORDERS} WHERE id = :id"

_CONDITIONS = {
    "status": "status = :status",
    "region": "region = :region",
    "customer_id": "customer_id = CAST(:customer_id AS bigint)",
    "created_from": "created_at >= :created_from",
    "created_to": "created_at < :created_to",
}
_AFTER = "(created_at, id) < (CAST(:after_time AS timestamptz), CAST(:after_id AS bigint))"
_MICROSECONDS = "(extract(epoch FROM created_at) * 1000000)::bigint"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def get(database: Database, order_id: int) -> OrderDocument:
    """Return an order as it is now.

    Raises:
        NotFound: There is no such order.
    """
    with database.transaction() as connection:
        row = connection.execute(text(_ONE), {"id": order_id}).one_or_none()
    if row is None:
        raise missing(order_id)
    return OrderDocument(row.id, row.version, row.body)


def list_orders(database: Database, query: OrderQuery) -> Page:
    """Return the orders that pass all filters given, newest first.

    Raises:
        Unprocessable: The cursor is none, or belongs to other filters.
    """
    values = query.model_dump(include=set(_CONDITIONS), exclude_none=True, mode="python")
    scope = scope_of("orders", values)
    conditions = [_CONDITIONS[name] for name in values]
    if query.cursor is not None:
        conditions.append(_AFTER)
        values |= _after(query.cursor, scope)
    where = " AND ".join(conditions) or "true"
    statement = f"""
        SELECT {as_json(ORDER)} AS body, ARRAY[{_MICROSECONDS}, id] AS key
        FROM {ORDERS} WHERE {where} ORDER BY created_at DESC, id DESC"""
    with database.transaction() as connection:
        return read_page(connection, statement, values, limit=query.limit, scope=scope)


def history(database: Database, order_id: int, paging: Paging) -> Page:
    """Return an order's changes, oldest first; those of a deleted order stay readable.

    Raises:
        NotFound: There never was such an order.
        Unprocessable: The cursor is none, or belongs to another order.
    """
    scope = scope_of("history", {"order_id": order_id})
    after = cursors.decode(paging.cursor, scope, 1)[0] if paging.cursor else 0
    statement = f"""
        SELECT {as_json(CHANGE)} AS body, ARRAY[version::bigint] AS key FROM order_changes
        WHERE order_id = :id AND version > CAST(:after AS bigint) ORDER BY version"""
    values = {"id": order_id, "after": after}
    with database.transaction() as connection:
        page = read_page(connection, statement, values, limit=paging.limit, scope=scope)
    if page.rows == "[]" and not after:
        raise missing(order_id)
    return page


def _after(cursor: str, scope: str) -> dict[str, Any]:
    microseconds, order_id = cursors.decode(cursor, scope, 2)
    try:
        moment = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise invalid("query/cursor", "This is not a cursor that a list returned") from None
    return {"after_time": moment, "after_id": order_id}
