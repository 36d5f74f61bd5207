from __future__ import annotations

from typing import Final

from tally_local.bigquery.compile.call import Call, Compile, template
from tally_local.bigquery.compile.context import failure


def _make(call: Call) -> str:
    return f"CAST([{', '.join(call.args)}] AS {call.type.duckdb})"


def _concat(call: Call) -> str:
    # NULL if any array is; DuckDB would leave that one out.
    missing = " OR ".join(f"{arg} IS NULL" for arg in call.args)
    joined = call.args[0]
    for arg in call.args[1:]:
        joined = f"list_concat({joined}, {arg})"
    return f"CASE WHEN {missing} THEN NULL ELSE {joined} END"


def _at(start: int, *, safe: bool) -> Compile:
    def compile_call(call: Call) -> str:
        items, place = call.args
        index = f"({place} + {1 - start})"
        outside = f"{index} < 1 OR {index} > len({items})"
        message = f"concat('Array index ', {place}, ' is out of bounds')"
        beyond = "NULL" if safe else failure(message, call.type)
        return f"CASE WHEN {outside} THEN {beyond} ELSE ({items})[{index}] END"

    return compile_call


def _generate_dates(call: Call) -> str:
    first, last, *step = call.args
    count = step[0] if step else "1"
    part = call.part(3) if len(call.args) > 3 else "DAY"  # noqa: PLR2004 - the fourth names the part
    if part not in {"DAY", "WEEK", "MONTH", "YEAR"}:
        raise call.refuse()
    interval = f"to_{part.lower()}s(CAST({count} AS INTEGER))"
    dates = f"generate_series(CAST({first} AS TIMESTAMP), CAST({last} AS TIMESTAMP), {interval})"
    return f"CAST({dates} AS DATE[])"


def _generate(call: Call) -> str:
    if set(call.kinds()) != {"INT64"}:
        raise call.refuse()
    return f"generate_series({', '.join(call.args)})"


def _is_distinct(call: Call) -> str:
    items = call.args[0]
    nulls = f"CAST(len({items}) > list_count({items}) AS INTEGER)"
    return f"(len({items}) = len(list_distinct({items})) + {nulls})"


ARRAYS: Final[dict[str, Compile]] = {
    "$make_array": _make,
    "array_concat": _concat,
    "array_length": template("len({0})"),
    "array_reverse": template("list_reverse({0})"),
    "array_is_distinct": _is_distinct,
    "generate_array": _generate,
    "generate_date_array": _generate_dates,
    "$array_at_offset": _at(0, safe=False),
    "$array_at_ordinal": _at(1, safe=False),
    "$safe_array_at_offset": _at(0, safe=True),
    "$safe_array_at_ordinal": _at(1, safe=True),
}
