"""Turns DuckDB's failures into BigQuery's, so that no caller ever sees a 500."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import duckdb

from tally_local.bigquery.errors import ApiError, InvalidQueryError, StoppedError, UnsupportedError

_OVERFLOW: Final = re.compile(r"Overflow in \w+ of (?:INT64|INT128) \((.*?)\)!?")
_OURS: Final = re.compile("\x02(.*?)\x03", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\x02(.*?)\\x03", re.DOTALL)


def _ours(found: re.Match[str]) -> ApiError:
    message = found[1]
    if message.startswith("@501 "):
        return UnsupportedError(message.removeprefix("@501 "))
    return InvalidQueryError(message)


_KNOWN: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], ApiError]], ...]] = (
    (_OURS, _ours),
    (_ESCAPED, _ours),
    (_OVERFLOW, lambda found: InvalidQueryError(f"int64 overflow: {found[1]}")),
    (
        re.compile(r"Division by zero in expression \((.*?) (?://|%) (.*?)\)"),
        lambda found: InvalidQueryError(f"division by zero: {found[1]} / {found[2]}"),
    ),
    (
        re.compile(r"(HUGEINT|DECIMAL\(38|INT128)"),
        lambda _: InvalidQueryError("numeric overflow or int64 overflow"),
    ),
    (
        re.compile(r"NOT NULL constraint failed: .*?\.?([^.\s]+)$", re.MULTILINE),
        lambda found: InvalidQueryError(f"Required field {found[1]} cannot be null"),
    ),
    (
        re.compile(r"CHECK constraint failed"),
        lambda _: InvalidQueryError("A value is longer than its column's type allows"),
    ),
    (
        re.compile(r"cannot affect the same target row more than once"),
        lambda _: InvalidQueryError(
            "UPDATE/MERGE must match at most one source row for each target row"
        ),
    ),
    (
        re.compile(r"More than one row returned by a subquery"),
        lambda _: InvalidQueryError("Scalar subquery produced more than one element"),
    ),
)


def translated(error: duckdb.Error) -> ApiError:
    """Return the failure that BigQuery would report; what is unknown is 501, never 500."""
    message = str(error)
    for pattern, build in _KNOWN:
        found = pattern.search(message)
        if found:
            return build(found)
    if isinstance(error, duckdb.InterruptException):
        return StoppedError("Job execution was cancelled: User requested cancellation")
    first = message.split("\n", 1)[0]
    if isinstance(
        error,
        (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException),
    ):
        return InvalidQueryError(first.split(": ", 1)[-1])
    return UnsupportedError(f"The local BigQuery endpoint cannot run this statement: {first}")
