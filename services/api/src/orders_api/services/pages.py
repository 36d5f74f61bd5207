"""Pages of a list, rendered to JSON by Postgres."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from orders_api.services import cursors


@dataclass(frozen=True)
class Page:
    """The rows of a page as a JSON array, and the cursor of the next page if there is one."""

    rows: str
    next_cursor: str | None

    def body(self, name: str) -> bytes:
        """Return the page as a JSON object with its rows under `name`."""
        cursor = json.dumps(self.next_cursor)
        return f'{{"{name}":{self.rows},"next_cursor":{cursor}}}'.encode()


def scope_of(name: str, filters: Mapping[str, object]) -> str:
    """Return what a cursor is bound to: the list and the filters that were given."""
    given = {key: value for key, value in filters.items() if value is not None}
    return json.dumps([name, given], sort_keys=True, default=str)


def read_page(
    connection: Connection, query: str, values: Mapping[str, Any], *, limit: int, scope: str
) -> Page:
    """Read one page.

    Args:
        connection: Where to read.
        query: An ordered SELECT of `body` (json) and `key` (bigint[]), without its LIMIT.
        values: The parameters of the query.
        limit: The most rows of the page.
        scope: What the next page's cursor is bound to.
    """
    # One row more than the page holds tells whether there is a next page.
    statement = f"""
        SELECT coalesce(json_agg(body ORDER BY n) FILTER (WHERE n <= :limit), '[]')::text,
            max(key) FILTER (WHERE n = :limit), count(*)
        FROM (SELECT body, key, row_number() OVER () AS n FROM ({query} LIMIT :take) AS listed)
            AS numbered"""
    parameters = {**values, "limit": limit, "take": limit + 1}
    rows, key, count = connection.execute(text(statement), parameters).one()
    return Page(rows, cursors.encode(scope, key) if count > limit else None)
