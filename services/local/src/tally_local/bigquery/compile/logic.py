from __future__ import annotations

from typing import Final

from tally_local.bigquery.compile.call import Call, Compile, template


def _comparison(symbol: str) -> Compile:
    def compile_call(call: Call) -> str:
        left, right = call.args
        sql = f"({left} {symbol} {right})"
        if call.kinds()[0] != "FLOAT64":
            return sql
        # NaN compares as false with everything (and differs from it); DuckDB orders it last.
        ordered = f"NOT isnan({left}) AND NOT isnan({right})"
        return f"({sql} AND {ordered})" if symbol != "<>" else f"({sql} OR NOT ({ordered}))"

    return compile_call


def _chain(word: str) -> Compile:
    return lambda call: f"({f' {word} '.join(call.args)})"


def _case_value(call: Call) -> str:
    subject, *rest = call.args
    pairs = zip(rest[:-1:2], rest[1::2], strict=False)
    whens = " ".join(f"WHEN {subject} = {value} THEN {result}" for value, result in pairs)
    return f"CASE {whens} ELSE {rest[-1]} END"


def _case_no_value(call: Call) -> str:
    args = call.args
    whens = " ".join(f"WHEN {args[i]} THEN {args[i + 1]}" for i in range(0, len(args) - 1, 2))
    otherwise = args[-1] if len(args) % 2 else "NULL"
    return f"CASE {whens} ELSE {otherwise} END"


def _in(call: Call) -> str:
    subject, *items = call.args
    return f"({subject} IN ({', '.join(items)}))"


def _in_array(call: Call) -> str:
    subject, items = call.args
    if call.node.argument_list[1].kind in {"ResolvedParameter", "ResolvedLiteral"}:
        # A semi-join, whatever the array's length; IN treats NULLs the same way.
        return f"({subject} IN (SELECT unnest({items})))"
    # NULL among the items makes "not found" unknown, as with IN; list_contains would say no.
    # A NULL or empty array holds nothing.
    return (
        f"CASE WHEN {items} IS NULL OR len({items}) = 0 THEN FALSE "
        f"WHEN {subject} IS NULL THEN NULL "
        f"WHEN list_contains({items}, {subject}) THEN TRUE "
        f"WHEN len({items}) > list_count({items}) THEN NULL ELSE FALSE END"
    )


def _coalesce(call: Call) -> str:
    return f"coalesce({', '.join(call.args)})"


def _error(call: Call) -> str:
    return f"CAST(CAST(bq_fail({call.args[0]}) AS VARCHAR) AS {call.type.duckdb})"


LOGIC: Final[dict[str, Compile]] = {
    "$equal": _comparison("="),
    "$not_equal": _comparison("<>"),
    "$less": _comparison("<"),
    "$less_or_equal": _comparison("<="),
    "$greater": _comparison(">"),
    "$greater_or_equal": _comparison(">="),
    "$between": template("({0} BETWEEN {1} AND {2})"),
    "$and": _chain("AND"),
    "$or": _chain("OR"),
    "$not": template("(NOT {0})"),
    "$is_null": template("({0} IS NULL)"),
    "$is_true": template("({0} IS TRUE)"),
    "$is_false": template("({0} IS FALSE)"),
    "$is_distinct_from": template("({0} IS DISTINCT FROM {1})"),
    "$is_not_distinct_from": template("({0} IS NOT DISTINCT FROM {1})"),
    "$in": _in,
    "$in_array": _in_array,
    "$case_with_value": _case_value,
    "$case_no_value": _case_no_value,
    "if": template("CASE WHEN {0} THEN {1} ELSE {2} END"),
    "ifnull": _coalesce,
    "coalesce": _coalesce,
    "nullif": template("nullif({0}, {1})"),
    "nullifzero": template("nullif({0}, 0)"),
    "zeroifnull": template("coalesce({0}, 0)"),
    "error": _error,
}
