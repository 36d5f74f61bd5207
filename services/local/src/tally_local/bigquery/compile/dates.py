from __future__ import annotations

import re
from typing import Final

from tally_local.bigquery.compile.call import Call, Compile, template
from tally_local.bigquery.compile.casts import cast_sql
from tally_local.bigquery.compile.context import text
from tally_local.bigquery.types import BqType

_MICROS: Final = {
    "MICROSECOND": 1,
    "MILLISECOND": 1000,
    "SECOND": 1_000_000,
    "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}
_TRUNCATE: Final = {
    "MICROSECOND": "microsecond",
    "MILLISECOND": "millisecond",
    "SECOND": "second",
    "MINUTE": "minute",
    "HOUR": "hour",
    "DAY": "day",
    "ISOWEEK": "week",
    "WEEK_MONDAY": "week",
    "MONTH": "month",
    "QUARTER": "quarter",
    "YEAR": "year",
}
# Days from the first weekday of its kind to 1 January 1970, a Thursday.
_WEEK_OFFSETS: Final = {"WEEK": 4, "ISOWEEK": 3, "WEEK_MONDAY": 3}
_EXTRACT: Final = {
    "YEAR": "year",
    "MONTH": "month",
    "DAY": "day",
    "QUARTER": "quarter",
    "DAYOFYEAR": "dayofyear",
    "HOUR": "hour",
    "MINUTE": "minute",
    "SECOND": "second",
    "ISOYEAR": "isoyear",
    "ISOWEEK": "week",
}


# Weeks of a year, counted from the first Sunday or Monday; the days before it are week 0.
_WEEK_PATTERNS: Final = {"WEEK": "%U", "WEEK_MONDAY": "%W"}


def _zoned(call: Call, index: int) -> str:
    """Return the argument as a wall clock, in the zone that the next argument names."""
    if len(call.args) > index + 1:
        zone = call.args[index + 1]
        return f"timezone({zone}, timezone('UTC', {call.args[index]}))"
    return call.args[index]


def _date(call: Call) -> str:
    kinds = call.kinds()
    if kinds == ("INT64", "INT64", "INT64"):
        return f"make_date({', '.join(call.args)})"
    if kinds[0] == "TIMESTAMP":
        return f"CAST({_zoned(call, 0)} AS DATE)"
    return f"CAST({call.args[0]} AS DATE)"


def _timestamp(call: Call) -> str:
    source = call.arg_type(0)
    if len(call.args) == 1:
        return cast_sql(call.args[0], source, BqType("TIMESTAMP"))
    if source.kind == "STRING":
        raise call.refuse()
    wall = f"CAST({call.args[0]} AS TIMESTAMP)"
    return f"timezone('UTC', timezone({call.args[1]}, {wall}))"


def _datetime(call: Call) -> str:
    kinds = call.kinds()
    if kinds[0] == "INT64":
        return f"make_timestamp({', '.join(call.args)})"
    if kinds == ("DATE", "TIME"):
        return f"({call.args[0]} + {call.args[1]})"
    if kinds[0] == "TIMESTAMP":
        return _zoned(call, 0)
    return f"CAST({call.args[0]} AS TIMESTAMP)"


def _truncate(call: Call) -> str:
    part = call.part(1)
    value = call.args[0]
    if len(call.args) > 2:  # noqa: PLR2004 - the third argument is a time zone
        zone = call.args[2]
        wall = f"timezone({zone}, timezone('UTC', {value}))"
        return f"timezone('UTC', timezone({zone}, {_truncated(call, wall, part)}))"
    return f"CAST({_truncated(call, value, part)} AS {call.type.duckdb})"


def _truncated(call: Call, value: str, part: str) -> str:
    if part == "WEEK":
        # Weeks begin on Sunday, DuckDB's on Monday.
        return f"(date_trunc('week', {value} + INTERVAL 1 DAY) - INTERVAL 1 DAY)"
    if part not in _TRUNCATE:
        raise call.refuse()
    return f"date_trunc('{_TRUNCATE[part]}', {value})"


def _shift(sign: str) -> Compile:
    def compile_call(call: Call) -> str:
        value, count, part = call.args[0], call.args[1], call.part(2)
        return f"CAST({value} {sign} {_interval(call, count, part)} AS {call.type.duckdb})"

    return compile_call


def _interval(call: Call, count: str, part: str) -> str:
    if part in {"DAY", "WEEK", "MONTH", "YEAR"} and call.type.kind != "TIMESTAMP":
        return f"to_{part.lower()}s(CAST({count} AS INTEGER))"
    if part == "QUARTER" and call.type.kind != "TIMESTAMP":
        return f"to_months(CAST(3 * {count} AS INTEGER))"
    if part not in _MICROS or call.type.kind == "DATE":
        raise call.refuse()
    return f"to_microseconds({count} * {_MICROS[part]})"


def _difference(call: Call) -> str:
    later, earlier, part = call.args[0], call.args[1], call.part(2)
    if call.kinds()[0] == "TIMESTAMP":
        if part not in _MICROS:
            raise call.refuse()
        return f"((epoch_us({later}) - epoch_us({earlier})) // {_MICROS[part]})"
    if part in _WEEK_OFFSETS:
        # DuckDB counts whole weeks, GoogleSQL the beginnings of weeks in between.
        weeks = (
            f"floor((CAST({day} AS DATE) - DATE '1970-01-01' + {_WEEK_OFFSETS[part]}) / 7.0)"
            for day in (later, earlier)
        )
        return f"CAST({' - '.join(weeks)} AS BIGINT)"
    if part not in _TRUNCATE:
        raise call.refuse()
    return f"date_diff('{_TRUNCATE[part]}', {earlier}, {later})"


def _extract(call: Call) -> str:
    part = call.part(1)
    value = call.args[0]
    if len(call.args) > 2:  # noqa: PLR2004 - the third argument is a time zone
        value = f"timezone({call.args[2]}, timezone('UTC', {value}))"
    if part == "DAYOFWEEK":
        return f"(date_part('dayofweek', {value}) + 1)"
    if part == "MILLISECOND":
        return f"(date_part('microseconds', {value}) // 1000 % 1000)"
    if part == "MICROSECOND":
        return f"(date_part('microseconds', {value}) % 1000000)"
    if part in _WEEK_PATTERNS:
        return f"CAST(strftime({value}, '{_WEEK_PATTERNS[part]}') AS BIGINT)"
    if part in {"DATE", "TIME"}:
        return f"CAST({value} AS {part})"
    if part not in _EXTRACT:
        raise call.refuse()
    return f"CAST(date_part('{_EXTRACT[part]}', {value}) AS BIGINT)"


_FORMATS: Final = re.compile(r"%(?:[YmdHMSjaAbByp%]|F|T|e|I|R)|[^%]")
_SPELT: Final = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M"}


def _strftime_pattern(call: Call, *, parse: bool) -> str:
    pattern = str(call.constant(0))
    parts = _FORMATS.findall(pattern)
    if "".join(parts) != pattern or "%e" in parts or (parse and {"%a", "%A", "%j"} & set(parts)):
        raise call.refuse()
    return text("".join(_SPELT.get(part, part) for part in parts))


def _format(call: Call) -> str:
    pattern = _strftime_pattern(call, parse=False)
    return f"strftime({_zoned(call, 1)}, {pattern})"


def _parse(call: Call) -> str:
    if len(call.args) > 2:  # noqa: PLR2004 - the third argument is a time zone
        raise call.refuse()
    pattern = _strftime_pattern(call, parse=True)
    return f"CAST(strptime({call.args[1]}, {pattern}) AS {call.type.duckdb})"


def _now(kind: str) -> Compile:
    def compile_call(call: Call) -> str:
        now = call.context.bind("bq_now", BqType("TIMESTAMP"))
        if call.args:
            now = f"timezone({call.args[0]}, timezone('UTC', {now}))"
        return f"CAST({now} AS {kind})"

    return compile_call


DATES: Final[dict[str, Compile]] = {
    "date": _date,
    "timestamp": _timestamp,
    "datetime": _datetime,
    **dict.fromkeys(("date_trunc", "timestamp_trunc", "datetime_trunc"), _truncate),
    **dict.fromkeys(("date_add", "timestamp_add", "datetime_add"), _shift("+")),
    **dict.fromkeys(("date_sub", "timestamp_sub", "datetime_sub"), _shift("-")),
    **dict.fromkeys(("date_diff", "timestamp_diff", "datetime_diff"), _difference),
    **dict.fromkeys(("format_date", "format_timestamp", "format_datetime"), _format),
    **dict.fromkeys(("parse_date", "parse_timestamp", "parse_datetime"), _parse),
    "$extract": _extract,
    "$extract_date": lambda call: f"CAST({_zoned(call, 0)} AS DATE)",
    "$extract_time": lambda call: f"CAST({_zoned(call, 0)} AS TIME)",
    "$extract_datetime": lambda call: _zoned(call, 0),
    "current_timestamp": _now("TIMESTAMP"),
    "current_date": _now("DATE"),
    "current_datetime": _now("TIMESTAMP"),
    "unix_micros": template("epoch_us({0})"),
    "unix_millis": template("CAST(floor(epoch_us({0}) / 1000) AS BIGINT)"),
    "unix_seconds": template("CAST(floor(epoch_us({0}) / 1000000) AS BIGINT)"),
    "unix_date": template("CAST({0} - DATE '1970-01-01' AS BIGINT)"),
    "timestamp_micros": template("make_timestamp({0})"),
    "timestamp_millis": template("make_timestamp({0} * 1000)"),
    "timestamp_seconds": template("make_timestamp({0} * 1000000)"),
    "date_from_unix_date": template("CAST(DATE '1970-01-01' + CAST({0} AS INTEGER) AS DATE)"),
    "last_day": template("last_day({0})"),
}
