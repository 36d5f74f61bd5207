"""Lists of orders: a page costs much the same whatever is asked for, of ten million orders too.

One index leads: it gives orders in the order of the list. The filters that it does not cover are
asked of each order it gives, but of MOST_READ at most. A page that ends there is short or even
empty, and has a cursor all the same.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, text

from orders_api.clients.database import Database
from orders_api.problems import invalid
from orders_api.schemas.order_query import OrderQuery, OrderSort
from orders_api.services import cursors
from orders_api.services.order_filters import CHECKS, given, parameters
from orders_api.services.order_leads import Lead, leads, read
from orders_api.services.pages import Page, scope_of
from orders_api.services.rendering import ORDER, ORDERS, as_json

MOST_READ: Final = 10_000
"""The most orders that one page is chosen from."""

# Least for the lead that reaches furthest.
_REACHED: Final = {
    OrderSort.NEWEST: "extract(epoch FROM min(created_at))",
    OrderSort.OLDEST: "-extract(epoch FROM max(created_at))",
}
_KEY: Final = "ARRAY[(extract(epoch FROM created_at) * 1000000)::bigint, id]"
# Without statistics, or with old ones, Postgres may take a value for rare and sort all its orders.
# A list that is slow all the same, on a cold disk say, is given up: 503.
_SETTINGS: Final = text("""
    SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('statement_timeout', '5s', true)""")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def list_orders(database: Database, query: OrderQuery, *, most_read: int = MOST_READ) -> Page:
    """Return a page of the orders that pass all filters given.

    Args:
        database: Where to read.
        query: Filters, sort and place of the page.
        most_read: The most orders that the page is chosen from.

    Raises:
        Unprocessable: The cursor is none, or belongs to other filters or another sort.
    """
    filters = given(query)
    scope = scope_of("orders", filters | {"sort": query.sort})
    values = parameters(filters) | {"window": most_read}
    if query.cursor is not None:
        values |= _position(query.cursor, scope)
    with database.transaction() as connection:
        connection.execute(_SETTINGS)
        lead = _choose(connection, query, values)
        checks = [CHECKS[name] for name in CHECKS if name in filters.keys() - lead.covers]
        values |= {"limit": query.limit, "take": query.limit + 1}
        if not checks:
            values["window"] = query.limit + 1
        statement = _page(read(lead, query), " AND ".join(checks))
        rows, key = connection.execute(text(statement), values).one()
    return Page(rows, cursors.encode(scope, key) if key else None)


def _choose(connection: Connection, query: OrderQuery, values: Mapping[str, Any]) -> Lead:
    """Return the lead with which a page gets furthest: tried, for statistics may be wrong.

    That is the one with the fewest orders left, if one ends before the page has read its most;
    else the one whose orders up to there reach over the longest time.
    """
    candidates = leads(query)
    if len(candidates) == 1:
        return candidates[0]
    reached = _REACHED[query.sort]
    ranks = [
        f"""(SELECT CASE WHEN count(*) < :window THEN ARRAY[0, count(*)]
            ELSE ARRAY[1, {reached}] END FROM ({read(lead, query)}) AS given)"""
        for lead in candidates
    ]
    statement = text(f"SELECT {', '.join(ranks)}")
    found = connection.execute(statement, values).one()
    return min(zip(found, candidates, strict=True), key=lambda pair: pair[0])[1]


def _page(read_keys: str, checks: str) -> str:
    """Return the SELECT of a page: its rows as a JSON array, and the key where the next begins.

    Where a check is needed it is a scalar subquery, and so is the rendering of an order: those
    are looked up one by one as the page fills, where a join might read the whole table.
    """
    holds = f"(SELECT {checks} FROM orders WHERE orders.id = seen.id)" if checks else "true"
    return f"""
        WITH seen AS MATERIALIZED ({read_keys}),
        page AS MATERIALIZED (
            SELECT id, created_at, row_number() OVER () AS n FROM seen WHERE {holds} LIMIT :take)
        SELECT
            (SELECT coalesce(json_agg((
                SELECT {as_json(ORDER)} FROM {ORDERS} WHERE id = page.id) ORDER BY n), '[]')::text
            FROM page WHERE n <= :limit),
            CASE WHEN (SELECT count(*) FROM page) = :take
                THEN (SELECT {_KEY} FROM page WHERE n = :limit)
                ELSE (SELECT {_KEY} FROM seen OFFSET :window - 1) END"""


def _position(cursor: str, scope: str) -> dict[str, Any]:
    microseconds, order_id = cursors.decode(cursor, scope, 2)
    try:
        moment = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise invalid("query/cursor", "This is not a cursor that a list returned") from None
    return {"after_time": moment, "after_id": order_id}
