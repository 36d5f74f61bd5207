from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb
from duckdb.sqltypes import DuckDBPyType

from tally_local.bigquery.compile.context import text
from tally_local.bigquery.errors import InvalidError, UnsupportedError
from tally_local.bigquery.load.source import Column
from tally_local.bigquery.types import BqType, Field

_JSON_KINDS: Final = {
    "BIGINT": "INT64",
    "UBIGINT": "INT64",
    "DOUBLE": "FLOAT64",
    "BOOLEAN": "BOOL",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP",
    "VARCHAR": "STRING",
    "JSON": "STRING",
}
_PARQUET_KINDS: Final = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), "INT64"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"), "INT64"),
    # A column of nothing but NULL has no type of its own.
    '"NULL"': "INT64",
    **dict.fromkeys(("FLOAT", "DOUBLE"), "FLOAT64"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMP_NS"), "TIMESTAMP"),
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "BOOLEAN": "BOOL",
    "DATE": "DATE",
    "TIME": "TIME",
    "VARCHAR": "STRING",
    "BLOB": "BYTES",
    "UUID": "STRING",
    "JSON": "JSON",
}


def json_keys(
    cursor: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    gzipped: bool,
    depth: int = 1,
    lenient: bool = False,
) -> list[tuple[str, str]]:
    """Return every key that any line of a JSON file has, with the type DuckDB guesses."""
    compression = "gzip" if gzipped else "uncompressed"
    rows = cursor.execute(
        f"DESCRIBE SELECT * FROM read_json({text(str(path))}, format = 'newline_delimited', "
        f"sample_size = -1, maximum_depth = {depth}, maximum_object_size = 104857600, "
        f"map_inference_threshold = -1, compression = '{compression}', records = 'true', "
        f"ignore_errors = {str(lenient).lower()})"
    ).fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def detect_json(cursor: duckdb.DuckDBPyConnection, path: Path, *, gzipped: bool) -> list[Field]:
    """Guess the columns of a newline-delimited JSON file."""
    return [
        _detected(name, kind) for name, kind in json_keys(cursor, path, gzipped=gzipped, depth=-1)
    ]


def _detected(name: str, kind: str) -> Field:
    if kind.endswith("[]"):
        element = BqType(_json_kind(name, kind.removesuffix("[]")))
        return Field(name, BqType("ARRAY", element), "REPEATED")
    return Field(name, BqType(_json_kind(name, kind)))


def _json_kind(name: str, kind: str) -> str:
    if kind not in _JSON_KINDS:
        raise UnsupportedError(f"Schema detection of nested field {name} is not supported here")
    return _JSON_KINDS[kind]


def parquet_columns(
    cursor: duckdb.DuckDBPyConnection, path: Path, wanted: Sequence[Field] | None
) -> list[Column]:
    """Return a Parquet file's columns, as the wanted fields or as the file types them."""
    file = cursor.sql(f"FROM read_parquet({text(str(path))})")
    by_name = {item.name.lower(): item for item in wanted or ()}
    return list(_typed(zip(file.columns, file.types, strict=True), by_name))


def _typed(
    columns: Iterable[tuple[str, DuckDBPyType]], wanted: dict[str, Field]
) -> Iterator[Column]:
    for name, kind in columns:
        of = parquet_type(name, kind)
        has = wanted.get(name.lower())
        if has is not None and kind.id != "null" and not _fits(of, has.type):
            raise InvalidError(
                f"Error while reading data, error message: Parquet column '{name}' has type {of} "
                f"which does not match the target type {has.type}"
            )
        item = has or Field(name, of, "REPEATED" if of.element else "NULLABLE")
        raw = '"' + name.replace('"', '""') + '"'
        yield Column(item, raw, _converted(str(kind), of, item.type))


def _fits(of: BqType, target: BqType) -> bool:
    coerced = {("INT64", "FLOAT64"), ("INT64", "NUMERIC"), ("TIMESTAMP", "DATETIME")}
    coerced |= {("STRING", "JSON"), ("STRING", "BYTES")}
    return of == target or (of.kind, target.kind) in coerced


def _converted(kind: str, of: BqType, target: BqType) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return "timezone('UTC', \x00)"
    if of.kind == "STRING" and target.kind == "BYTES":
        return "encode(\x00)"
    return f"CAST(\x00 AS {target.duckdb})"


def parquet_type(name: str, kind: DuckDBPyType) -> BqType:
    """Return the BigQuery type of a Parquet column, by the type DuckDB reads it as."""
    if kind.id == "list":
        return BqType("ARRAY", parquet_type(name, _children(kind)[0][1]))
    if kind.id == "struct":
        inner = ((key, parquet_type(f"{name}.{key}", of)) for key, of in _children(kind))
        return BqType("STRUCT", fields=tuple(inner))
    if kind.id == "decimal":
        precision, scale = (int(part) for part in str(kind)[8:-1].split(","))
        if scale > 9 or precision - scale > 29:  # noqa: PLR2004 - what a NUMERIC holds
            raise UnsupportedError(
                f"Column {name} of type {kind} needs BIGNUMERIC, not supported here"
            )
        return BqType("NUMERIC")
    if str(kind) not in _PARQUET_KINDS:
        raise UnsupportedError(f"Parquet column {name} of type {kind} is not supported here")
    return BqType(_PARQUET_KINDS[str(kind)])


def _children(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    return [(key, of) for key, of in kind.children if isinstance(of, DuckDBPyType)]
