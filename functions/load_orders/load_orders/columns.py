"""The columns of a change as they are extracted, landed and proven: the one list.

The schema files of `orders_stage` and `orders_raw`, the extract and the receipt all follow it;
a contract test compares them. A column added later makes a new version of the canonical text.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, NamedTuple


class Kind(Enum):
    """How a column's value is written in the canonical text."""

    INTEGER = "decimal digits"
    TIME = "microseconds since the epoch, as an integer"
    TEXT = "as it is"


class ChangeColumn(NamedTuple):
    """A column of a change; `source` is where Postgres finds it, `c` being order_changes."""

    name: str
    kind: Kind
    source: str


COLUMNS: Final = (
    ChangeColumn("change_id", Kind.INTEGER, "c.change_id"),
    ChangeColumn("op", Kind.TEXT, "c.op"),
    ChangeColumn("changed_at", Kind.TIME, "c.changed_at"),
    ChangeColumn("db_user", Kind.TEXT, "c.db_user"),
    ChangeColumn("order_id", Kind.INTEGER, "c.order_id"),
    ChangeColumn("version", Kind.INTEGER, "c.version"),
    ChangeColumn("customer_id", Kind.INTEGER, "c.customer_id"),
    ChangeColumn("total_cents", Kind.INTEGER, "c.total_cents"),
    ChangeColumn("currency", Kind.TEXT, "c.currency"),
    ChangeColumn("exponent", Kind.INTEGER, "currencies.exponent"),
    ChangeColumn("region", Kind.TEXT, "c.region"),
    ChangeColumn("status", Kind.TEXT, "c.status"),
    ChangeColumn("metadata", Kind.TEXT, "c.metadata::text"),
    ChangeColumn("created_at", Kind.TIME, "c.created_at"),
    ChangeColumn("updated_at", Kind.TIME, "c.updated_at"),
    ChangeColumn("changed_by", Kind.TEXT, "c.changed_by"),
    ChangeColumn("trace_id", Kind.TEXT, "c.trace_id"),
)

FROM_CHANGES: Final = "order_changes AS c JOIN currencies ON currencies.code = c.currency"


def _postgres_text(column: ChangeColumn) -> str:
    match column.kind:
        case Kind.INTEGER:
            return f"{column.source}::text"
        case Kind.TIME:
            return f"(extract(epoch FROM {column.source}) * 1000000)::bigint::text"
        case Kind.TEXT:
            return column.source


def _bigquery_text(column: ChangeColumn) -> str:
    match column.kind:
        case Kind.INTEGER:
            return f"CAST({column.name} AS STRING)"
        case Kind.TIME:
            return f"CAST(UNIX_MICROS({column.name}) AS STRING)"
        case Kind.TEXT:
            return column.name


def postgres_canonical(columns: Sequence[ChangeColumn] = COLUMNS) -> str:
    """Return the SQL of a row's canonical text in Postgres."""
    return " || ".join(
        _each(columns, _postgres_text, "coalesce(octet_length({0}) || ':' || {0}, '-')")
    )


def bigquery_canonical(columns: Sequence[ChangeColumn] = COLUMNS) -> str:
    """Return the SQL of a row's canonical text in BigQuery: the same bytes as in Postgres."""
    field = "IFNULL(CONCAT(CAST(BYTE_LENGTH({0}) AS STRING), ':', {0}), '-')"
    return f"CONCAT({', '.join(_each(columns, _bigquery_text, field))})"


def _each(
    columns: Sequence[ChangeColumn], text: Callable[[ChangeColumn], str], field: str
) -> list[str]:
    """Every value follows its length in bytes, so that none can imitate another; NULL is `-`."""
    return [field.format(text(column)) for column in columns]
