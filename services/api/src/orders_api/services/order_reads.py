"""Reading an order and its history."""

from sqlalchemy import text

from orders_api.clients.database import Database
from orders_api.schemas.paging import Paging
from orders_api.services import cursors
from orders_api.services.order_writes import OrderDocument, missing
from orders_api.services.pages import Page, read_page, scope_of
from orders_api.services.rendering import CHANGE, ORDER, ORDERS, as_json

_ONE = f"SELECT id, version, {as_json(ORDER)}::text AS body FROM {ORDERS} WHERE id = :id"


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
