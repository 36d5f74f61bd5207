"""An uploaded file as DuckDB sees it: for each column the text that stands there and its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tally_local.bigquery.compile.context import text
from tally_local.bigquery.load.values import parsed, value_of_json
from tally_local.bigquery.types import BqType, Field

_SCALAR_AS_TEXT: Final = "VARCHAR"


@dataclass(frozen=True)
class Column:
    """One field as it is read: its raw text (or NULL), its value, and whether it is bad."""

    field: Field
    raw: str
    value: str
    bad: str = "FALSE"
    bad_reason: str = ""


@dataclass(frozen=True)
class Source:
    """A relation over the file, and the columns to take from it."""

    relation: str
    columns: list[Column]
    row_is_bad: str = "FALSE"
    statements: list[str] = field(default_factory=list)

    @property
    def fields(self) -> list[Field]:
        """The fields that the file brings."""
        return [column.field for column in self.columns]

    def select(self) -> str:
        """Return the rows' values, with `bq_error`: the first thing wrong with each row."""
        raws = ", ".join(f"{c.raw} AS r{i}" for i, c in enumerate(self.columns))
        values = ", ".join(_value(c, f"r{i}") + f" AS v{i}" for i, c in enumerate(self.columns))
        errors = " ".join(_faults(c, f"r{i}", f"v{i}") for i, c in enumerate(self.columns))
        inner = f"SELECT {self.row_is_bad} AS bq_bad, {raws} FROM {self.relation}"
        typed = f"SELECT *, {values} FROM ({inner})"
        outputs = ", ".join(f"v{i}" for i in range(len(self.columns)))
        malformed = "WHEN bq_bad THEN 'the row is malformed'"
        return f"SELECT {outputs}, CASE {malformed} {errors} END AS bq_error FROM ({typed})"


def _value(column: Column, raw: str) -> str:
    return column.value.replace("\x00", raw)


def _faults(column: Column, raw: str, value: str) -> str:
    bad = column.bad.replace("\x00", raw)
    return (
        f"WHEN {bad} THEN {text(column.bad_reason)} "
        f"WHEN {raw} IS NOT NULL AND {value} IS NULL THEN {_message(column.field, raw)}"
    )


def _message(of: Field, raw: str) -> str:
    where = text(f"' as {of.type} for field {of.name}")
    return f"concat('Could not parse ''', CAST({raw} AS VARCHAR), {where})"


def json_source(path: Path, fields: Sequence[Field], *, lenient: bool, gzipped: bool) -> Source:
    """Return a newline-delimited JSON file as a source."""
    structure = ", ".join(f"{_json_key(f.name)}: {_json_key(_shape(f.type))}" for f in fields)
    options = f"ignore_errors = {str(lenient).lower()}, maximum_object_size = 104857600"
    options += f", compression = '{'gzip' if gzipped else 'uncompressed'}'"
    objects = f"read_ndjson_objects({text(str(path))}, {options})"
    rows = f"(SELECT json, json_transform(json, {text('{' + structure + '}')}) AS o FROM {objects})"
    columns = [_json_column(item) for item in fields]
    return Source(rows, columns, "json IS NULL OR json_type(json) <> 'OBJECT'")


def _json_key(name: str) -> str:
    return '"' + name.replace('"', '\\"') + '"'


def _shape(of: BqType) -> str:
    return "JSON" if of.element is not None or of.kind in {"STRUCT", "JSON"} else _SCALAR_AS_TEXT


def _json_column(item: Field) -> Column:
    raw = f"o.{_json_key(item.name)}"
    if _shape(item.type) == "JSON":
        present = f"CASE WHEN json_type({raw}) <> 'NULL' THEN {raw} END"
        return Column(item, present, value_of_json("\x00", item.type))
    if item.type.kind != "STRING":
        return Column(item, raw, parsed("\x00", item.type))
    # json_transform gives an object's text for a STRING; BigQuery refuses it.
    path = text(f"$.{_json_key(item.name)}")
    nested = f"json_type(json, {path}) IN ('OBJECT', 'ARRAY')"
    looks = f"({raw} LIKE '{{%' OR {raw} LIKE '[%')"
    failed = f"CAST(bq_fail({text(_nested(item))}) AS VARCHAR)"
    checked = f"CASE WHEN {looks} AND {nested} THEN {failed} ELSE {raw} END"
    return Column(item, checked, "\x00")


def _nested(item: Field) -> str:
    return f"JSON object or array specified for non-record field: {item.name}"


def parquet_source(path: Path, columns: list[Column]) -> Source:
    """Return a Parquet file as a source."""
    return Source(f"read_parquet({text(str(path))})", columns)
