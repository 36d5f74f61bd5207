"""The statements that copy orders out of Postgres, one for each format."""

import re
from datetime import datetime
from typing import Final

from pg8000.native import literal

from orders_api.schemas.export import ExportFormat
from orders_api.schemas.order_query import OrderFilters
from orders_api.services.order_filters import CHECKS, SPAN, given, parameters
from orders_api.services.rendering import EXPONENT, ORDER, ORDERS, TOTAL, as_json, utc

# What makes a spreadsheet take a cell for a formula, in ASCII, full-width or small form; and what
# it may pass over before that: white space, control characters, marks that are not seen.
_FORMULA: Final = (
    r"^[\u0001-\u0020\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ufeff]*[=+@\u002d\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]"
)
# With an apostrophe before all that begin with one, taking it away is always right.
_GUARDED: Final = rf"{_FORMULA}|^[\u0001-\u001f'']"


def _guarded(column: str) -> str:
    return f"CASE WHEN {column} ~ '{_GUARDED}' THEN '''' || {column} ELSE {column} END AS {column}"


def _flat(changed_by: str, trace_id: str, metadata: str) -> str:
    return f"""id, customer_id, total_cents, currency, exponent, {TOTAL}, region, status, version,
        {utc("created_at")}, {utc("updated_at")}, {changed_by}, {trace_id},
        {metadata} AS metadata FROM {EXPONENT}"""


_PLAIN: Final = _flat("changed_by", "trace_id", "metadata::text")
# The other texts are words that are checked. Metadata begins with a brace; where a spreadsheet
# separates columns by semicolons, one in it would begin a cell of the sender's choice.
_SAFE: Final = _flat(
    _guarded("changed_by"), _guarded("trace_id"), r"replace(metadata::text, ';', '\u003b')"
)
# JSON holds no raw control character, so COPY never finds anything to quote in it.
_AS_IT_IS: Final = r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
_PARAMETER: Final = re.compile(r"(?<!:):(\w+)")


def copy_statement(form: ExportFormat, query: OrderFilters) -> str:
    """Return the COPY of the orders that pass the filters: JSON for NDJSON, else CSV.

    A COPY takes no parameters: values are in it, for standard_conforming_strings.
    """
    conditions = _conditions(query)
    if form is ExportFormat.NDJSON:
        rows = f"SELECT {as_json(ORDER)} FROM {ORDERS} WHERE {conditions}"
        return f"COPY ({rows}) TO STDOUT {_AS_IT_IS}"
    columns = _SAFE if form is ExportFormat.CSV else _PLAIN
    rows = f"""SELECT shown.* FROM (SELECT * FROM orders WHERE {conditions}) AS orders,
        LATERAL (SELECT {columns}) AS shown"""
    header = ", HEADER" if form is ExportFormat.CSV else ""
    return f"COPY ({rows}) TO STDOUT (FORMAT csv{header})"


def _conditions(query: OrderFilters) -> str:
    filters = given(query)
    values = parameters(filters)
    conditions = [condition for name, condition in (CHECKS | SPAN).items() if name in filters] or [
        "true"
    ]
    return _PARAMETER.sub(lambda found: _literal(values[found[1]]), " AND ".join(conditions))


def _literal(value: int | str | datetime | list[str]) -> str:
    text = f"{{{','.join(value)}}}" if isinstance(value, list) else value
    return str(literal(text))
