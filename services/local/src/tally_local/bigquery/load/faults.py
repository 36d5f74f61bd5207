"""What is wrong with a file, in BigQuery's words: DuckDB's name our settings, and our paths."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from tally_local.bigquery.errors import ApiError, InvalidError, StoppedError, UnsupportedError
from tally_local.bigquery.store.failures import translated

NEWLINE_IN_QUOTES: Final = (
    "Missing close quote character: a quoted value goes on after the end of its line, and "
    "allowQuotedNewlines is not set"
)
_COLUMNS: Final = re.compile(r"^Expected Number of Columns: (\d+) Found: (\d+)$", re.MULTILINE)


def reading_error(message: str) -> InvalidError:
    """Return the failure of a load job whose file is wrong."""
    return InvalidError(f"Error while reading data, error message: {message}")


def worded(error: duckdb.Error, path: Path, *, gzipped: bool) -> ApiError:
    """Return DuckDB's failure on an uploaded file as BigQuery's."""
    known = translated(error)
    if isinstance(known, StoppedError):
        return known
    detail = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", detail)
    if line is not None:
        return reading_error(csv_fault(int(line[1]), detail))
    if "Malformed JSON" in detail or "non-record JSON" in detail:
        return reading_error(_malformed_json(path, gzipped=gzipped))
    message = known.message
    if isinstance(known, UnsupportedError):
        message = " ".join(detail.split("\n\n", 1)[0].split())
    # The caller sent bytes, not the file that they became here.
    named = rf"(?:\bfile )?[\"']?{re.escape(str(path))}[\"']?"
    unnamed = re.sub(named, "the file", message, flags=re.IGNORECASE)
    return reading_error(unnamed.replace("the file too small", "the file is too small"))


def csv_fault(line: int, detail: str) -> str:
    """Return what is wrong with a line of a CSV file, from DuckDB's description of it."""
    columns = _COLUMNS.search(detail)
    if columns is None:
        return f"{_csv_reason(detail)}; line_number: {line}"
    expected, found = int(columns[1]), int(columns[2])
    if found > expected:
        # DuckDB stops at the first that is too many.
        return (
            f"Too many values in line. Found at least {found} column(s) while expected {expected}.;"
            f" line_number: {line}"
        )
    return (
        f"CSV table references column position {found}, but line contains only {found} columns.; "
        f"line_number: {line} expected_columns: {expected}"
    )


def _csv_reason(detail: str) -> str:
    if "unterminated quote" in detail:
        return "Missing close quote character, or data between it and the field separator"
    if "Invalid unicode" in detail:
        return "Bad character: the line is not UTF-8"
    if "Maximum line size" in detail:
        return "The line is longer than 100 MiB"
    return "The line is no CSV"


def _malformed_json(path: Path, *, gzipped: bool) -> str:
    found = first_line(path, lambda row: not isinstance(row, dict), gzipped=gzipped)
    if found is None:
        return "JSON parsing error: a row is no JSON object"
    return (
        f"JSON table encountered too many errors, giving up. Rows: {found}; errors: 1. "
        f"JSON parsing error: the row is no JSON object; line_number: {found}"
    )


def first_line(path: Path, wanted: Callable[[object], bool], *, gzipped: bool) -> int | None:
    """Return the number, from one on, of the first line that is wanted; malformed ones are None."""
    with gzip.open(path) if gzipped else path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and wanted(_parsed(line)):
                return number
    return None


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
