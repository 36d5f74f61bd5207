"""Rows as JSON, rendered by Postgres: the one place that names what an answer shows."""

from typing import Final

SEPARATOR: Final = "\x1e"
"""Stands between JSON texts that come as one, chr(30): none holds this character as it is."""


def utc(column: str) -> str:
    """Return the SQL of a time as ISO 8601 in UTC with microseconds, under its column's name."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS {column}"""


def as_json(columns: str) -> str:
    """Return the SQL expression of a row's JSON object, over the row of the query around it.

    Its text holds no line feeds. The columns may end with a FROM of their own.
    """
    return f"(SELECT row_to_json(shown) FROM (SELECT {columns}) AS shown)"


# The exponents are read once a statement, not once a row: that halves the time of a page.
# OFFSET 0 keeps the planner from reading them once for each use.
EXPONENT: Final = """(SELECT ((SELECT jsonb_object_agg(code, exponent) FROM currencies)
    ->> currency)::integer AS exponent OFFSET 0) AS money"""
"""A FROM item with the `exponent` of `currency`."""

# Exact, with as many decimals as the currency has: the scale of 1e-3 is 3.
TOTAL: Final = "(total_cents * ('1e-' || exponent)::numeric)::text AS total"
"""In major units, over `total_cents` and `exponent`."""

_LINE: Final = """line_no, item_id, quantity, unit_price_cents,
    quantity * unit_price_cents AS amount_cents"""

LINES: Final = f"""('[' || string_agg({as_json(_LINE)}::text, ',' ORDER BY line_no) || ']')::json"""
"""An aggregate: the lines among rows with the columns line_no, item_id, quantity and
unit_price_cents, wherever these come from; NULL when there are none."""

ORDER: Final = f"""id, customer_id, total_cents, currency, exponent, {TOTAL}, region, status,
    version, metadata, coalesce(lines, '[]') AS lines, {utc("created_at")}, {utc("updated_at")},
    changed_by, trace_id FROM {EXPONENT}"""
"""An order, over a row with its columns and `lines`: LINES, or NULL when it has none."""

CHANGE: Final = f"""change_id, op, {utc("changed_at")}, db_user, order_id, version, customer_id,
    total_cents, currency, exponent, {TOTAL}, region, status, metadata, {utc("created_at")},
    {utc("updated_at")}, changed_by, trace_id FROM {EXPONENT}"""

# Exact: a bigint times a numeric of scale 2.
ITEM: Final = f"""id, name, price_cents * 0.01 AS price, in_stock,
    {utc("created_at")}, {utc("updated_at")}"""

USER: Final = f"id, email, role, {utc('created_at')}, {utc('disabled_at')}"

API_KEY: Final = f"""id, prefix, name, scopes, created_by, {utc("created_at")},
    {utc("expires_at")}, {utc("revoked_at")}, {utc("last_used_at")}"""


def with_lines(source: str) -> str:
    """Return the FROM item, with the alias `orders`, of a source's orders and their lines.

    One statement for a page. The lines are no join but an expression: it is computed for the
    rows that are returned, after they were sorted and limited.
    """
    return f"""(SELECT stored.*, (
        SELECT {LINES} FROM order_lines WHERE order_id = stored.id) AS lines
        FROM {source} AS stored) AS orders"""


ORDERS: Final = with_lines("orders")
"""The orders that are stored, with the column `lines` that ORDER reads."""
