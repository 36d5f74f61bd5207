"""Rows as the REST API writes them, made by DuckDB: no Python loop sees a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from tally_local.bigquery.store.database import script
from tally_local.bigquery.types import BqType, quoted, schema_json, struct_names

MAX_PAGE_ROWS: Final = 100_000
MAX_PAGE_BYTES: Final = 10_000_000


@dataclass(frozen=True)
class Result:
    """A query's rows and their columns, kept for paging."""

    columns: tuple[tuple[str, BqType], ...]
    rows: pa.Table

    def schema(self) -> dict[str, Any]:
        """Return the schema as the REST API states it."""
        return {"fields": schema_json(self.columns)}


@dataclass(frozen=True)
class Page:
    """Some rows as JSON texts, and how many there are."""

    rows: list[str]
    next_row: int | None


def cell(sql: str, of: BqType, *, int_timestamps: bool) -> str:
    """Return the SQL of `{"v": …}` for one value."""
    return f"json_object('v', {_value(sql, of, int_timestamps, 0)})"


def _value(sql: str, of: BqType, ints: bool, depth: int) -> str:
    if of.element is not None:
        name = f"e{depth}"
        inner = f"json_object('v', {_value(name, of.element, ints, depth + 1)})"
        return (
            f"coalesce(to_json(list_transform({sql}, lambda {name}: {inner})), CAST('[]' AS JSON))"
        )
    if of.kind == "STRUCT":
        parts = zip(struct_names(of), of.fields, strict=True)
        cells = (
            f"json_object('v', {_value(f'({sql}).{n}', t, ints, depth)})" for n, (_, t) in parts
        )
        packed = f"json_object('f', json_array({', '.join(cells)}))"
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE {packed} END"
    if of.kind == "TIMESTAMP" and ints:
        return f"CAST(epoch_us({sql}) AS VARCHAR)"
    return _SCALARS.get(of.kind, "CAST({0} AS VARCHAR)").format(sql)


_SCALARS: Final = {
    "BYTES": "to_base64({0})",
    "NUMERIC": "bq_numeric_text({0})",
    "FLOAT64": (
        "CASE WHEN isnan({0}) THEN 'NaN' WHEN isinf({0}) THEN "
        "CASE WHEN {0} > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE CAST({0} AS VARCHAR) END"
    ),
    # Seconds, exact to the microsecond: a decimal, never a double.
    "TIMESTAMP": "bq_numeric_text(CAST(epoch_us({0}) AS DECIMAL(38,9)) * 0.000001)",
    "DATETIME": "bq_wire_fraction(bq_datetime_text({0}, 'T'))",
    "TIME": "bq_wire_fraction(bq_time_text({0}))",
    "DATE": "strftime({0}, '%Y-%m-%d')",
}


def row_sql(columns: Sequence[tuple[str, str, BqType]], *, int_timestamps: bool) -> str:
    """Return the SQL of one row's JSON text, for (name, expression, type) columns."""
    cells = ", ".join(cell(sql, of, int_timestamps=int_timestamps) for _, sql, of in columns)
    return f"CAST(json_object('f', json_array({cells})) AS VARCHAR)"


class Pager:
    """Cuts kept results into pages."""

    def __init__(self) -> None:
        self._root = duckdb.connect()
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        self._root.execute(script("macros.sql"))

    def page(self, result: Result, start: int, count: int, *, int_timestamps: bool) -> Page:
        """Return the page that begins at a row; a page's size is bounded in rows and bytes."""
        wanted = min(count, MAX_PAGE_ROWS)
        part = result.rows.slice(start, wanted)
        indexed = [f"c{i}" for i in range(len(result.columns))]
        part = part.rename_columns(indexed)
        columns = [(n, quoted(n), of) for n, (_, of) in zip(indexed, result.columns, strict=True)]
        with self._root.cursor() as cursor:
            cursor.register("page_rows", part)
            sql = row_sql(columns, int_timestamps=int_timestamps)
            texts = cursor.sql(f"SELECT {sql} AS r FROM page_rows").to_arrow_table()
        return bounded(texts.column(0).to_pylist(), start, result.rows.num_rows)

    def close(self) -> None:
        """Let go of the connection."""
        self._root.close()


def bounded(rows: list[str], start: int, total: int) -> Page:
    """Cut a page at the byte limit and say where the next one begins."""
    size = 0
    for index, row in enumerate(rows):
        size += len(row)
        if size > MAX_PAGE_BYTES and index:
            rows = rows[:index]
            break
    after = start + len(rows)
    return Page(rows, after if after < total and rows else None)


def page_body(head: dict[str, Any], rows: list[str]) -> bytes:
    """Return the answer's JSON: the head, then rows that are JSON already."""
    text = json.dumps(head)
    return f'{text[:-1]}, "rows": [{",".join(rows)}]}}'.encode()
