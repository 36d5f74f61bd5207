from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from tally_local.bigquery.compile.context import text
from tally_local.bigquery.load.faults import NEWLINE_IN_QUOTES
from tally_local.bigquery.load.source import Column, Source
from tally_local.bigquery.load.spec import CsvOptions
from tally_local.bigquery.load.values import parsed
from tally_local.bigquery.types import BqType, Field

# A marker no file can hold: with it DuckDB takes nothing for NULL.
_NO_MARKER: Final = "\x01\x02"
_DETECTED: Final = {
    "BIGINT": "INT64",
    "DOUBLE": "FLOAT64",
    "BOOLEAN": "BOOL",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
}


def csv_source(
    path: Path, fields: Sequence[Field], options: CsvOptions, *, gzipped: bool, rejects: bool
) -> Source:
    """Return a CSV file as a source; every cell is read as text."""
    names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(fields)))
    given: dict[str, Any] = {
        "columns": f"{{{names}}}",
        "auto_detect": "false",
        "header": "false",
        "skip": str(options.skip_rows),
        "delim": text(options.delimiter),
        "quote": text(options.quote),
        "escape": text(options.quote),
        "nullstr": text(options.null_marker or _NO_MARKER),
        "allow_quoted_nulls": "false",
        "null_padding": str(options.jagged_rows).lower(),
        "strict_mode": "true",
        "max_line_size": "104857600",
        "compression": "'gzip'" if gzipped else "'none'",
    }
    if options.quoted_newlines or options.jagged_rows:
        given["parallel"] = "false"
    if rejects:
        given |= {"store_rejects": "true", "rejects_table": "'bq_rejects'"}
        given |= {"rejects_scan": "'bq_reject_scans'"}
    listed = ", ".join(f"{key} = {value}" for key, value in given.items())
    relation = f"read_csv({text(str(path))}, {listed})"
    columns = [_column(f"c{i}", item, options) for i, item in enumerate(fields)]
    return Source(relation, columns)


def _column(name: str, item: Field, options: CsvOptions) -> Column:
    # With the default marker an empty cell is NULL, but for STRING and BYTES: there it is empty.
    empty_is_null = not options.null_marker and item.type.kind not in {"STRING", "BYTES"}
    raw = f"nullif({name}, '')" if empty_is_null else name
    bad = "FALSE" if options.quoted_newlines else "contains(\x00, chr(10))"
    reason = f"{NEWLINE_IN_QUOTES}: field {item.name}"
    return Column(item, raw, parsed("\x00", item.type), bad, reason)


def detect_csv(
    cursor: duckdb.DuckDBPyConnection, path: Path, options: CsvOptions, *, gzipped: bool
) -> tuple[list[Field], int]:
    """Guess a CSV file's columns; return them and how many rows to skip."""
    skip = max(options.skip_rows - 1, 0)
    packed = ", compression = 'gzip'" if gzipped else ""
    header = ", header = true" if options.skip_rows else ""
    row = cursor.execute(
        f"SELECT HasHeader, Columns FROM sniff_csv({text(str(path))}, skip = {skip}, "
        f"delim = {text(options.delimiter)}, sample_size = 500{header}{packed})"
    ).fetchone()
    has_header, columns = row or (False, [])
    fields = []
    for index, column in enumerate(columns):
        name = str(column["name"]) if has_header else f"string_field_{index}"
        fields.append(Field(name, BqType(_DETECTED.get(str(column["type"]), "STRING"))))
    return fields, skip + (1 if has_header else 0)
