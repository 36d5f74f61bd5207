"""INFORMATION_SCHEMA, made from the catalog when a query names it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from tally_local.bigquery.compile.context import text
from tally_local.bigquery.errors import UnsupportedError
from tally_local.bigquery.store.catalog import Catalog, Table
from tally_local.bigquery.store.names import DatasetName
from tally_local.bigquery.types import BqType, quoted

_STRING: Final = BqType("STRING")
_INT64: Final = BqType("INT64")
_TIMESTAMP: Final = BqType("TIMESTAMP")
Columns = tuple[tuple[str, BqType], ...]

_TABLES: Final[Columns] = (
    ("table_catalog", _STRING),
    ("table_schema", _STRING),
    ("table_name", _STRING),
    ("table_type", _STRING),
    ("is_insertable_into", _STRING),
    ("creation_time", _TIMESTAMP),
)
_COLUMNS: Final[Columns] = (
    ("table_catalog", _STRING),
    ("table_schema", _STRING),
    ("table_name", _STRING),
    ("column_name", _STRING),
    ("ordinal_position", _INT64),
    ("is_nullable", _STRING),
    ("data_type", _STRING),
    ("is_partitioning_column", _STRING),
    ("clustering_ordinal_position", _INT64),
)


def information_view(catalog: Catalog, dataset: DatasetName, view: str) -> tuple[str, Columns]:
    """Return the rows of one INFORMATION_SCHEMA view as SQL, with its columns."""
    catalog.dataset(dataset)
    if view not in _VIEWS:
        raise UnsupportedError(f"INFORMATION_SCHEMA.{view} is not supported here")
    columns, rows_of = _VIEWS[view]
    rows = [row for table in catalog.tables_of(dataset) for row in rows_of(table)]
    return _select(columns, rows), columns


def _select(columns: Columns, rows: list[tuple[Any, ...]]) -> str:
    names = ", ".join(quoted(name) for name, _ in columns)
    casts = ", ".join(f"CAST({quoted(n)} AS {t.duckdb}) AS {quoted(n)}" for n, t in columns)
    if not rows:
        nulls = ", ".join(f"CAST(NULL AS {t.duckdb}) AS {quoted(n)}" for n, t in columns)
        return f"SELECT {nulls} WHERE FALSE"
    values = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
    return f"SELECT {casts} FROM (VALUES {values}) AS t({names})"


def _literal(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return text(value) if isinstance(value, str) else str(value)


def _table_rows(table: Table) -> Iterable[tuple[Any, ...]]:
    kind = "VIEW" if table.is_view else "BASE TABLE"
    seconds = int(table.resource["creationTime"]) / 1000
    stamp = _iso(seconds)
    name = table.name
    yield (
        name.project, name.dataset, name.table, kind, "NO" if table.is_view else "YES", stamp,
    )  # fmt: skip


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(" ")


def _column_rows(table: Table) -> Iterable[tuple[Any, ...]]:
    partition = (table.partitioning or {}).get("field")
    cluster = list((table.resource.get("clustering") or {}).get("fields") or [])
    name = table.name
    for position, item in enumerate(table.fields, start=1):
        rank = cluster.index(item.name) + 1 if item.name in cluster else None
        yield (
            name.project, name.dataset, name.table, item.name, position,
            "NO" if item.required else "YES", str(item.type),
            "YES" if item.name == partition else "NO", rank,
        )  # fmt: skip


_VIEWS: Final[dict[str, tuple[Columns, Callable[[Table], Iterable[tuple[Any, ...]]]]]] = {
    "TABLES": (_TABLES, _table_rows),
    "COLUMNS": (_COLUMNS, _column_rows),
}
