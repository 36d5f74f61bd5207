from __future__ import annotations

from typing import Final

from tally_local.bigquery.compile.call import Call, Compile, by_count, template
from tally_local.bigquery.compile.context import failure, text
from tally_local.bigquery.types import BqType

_NAMES: Final = {"+": "addition", "-": "subtraction", "*": "multiplication"}


def _operator(symbol: str) -> Compile:
    def compile_call(call: Call) -> str:
        left, right = call.args[:2]
        kinds = call.kinds()
        if kinds == ("DATE", "INT64"):
            return f"CAST({left} {symbol} CAST({right} AS INTEGER) AS DATE)"
        if symbol == "*" and kinds[0] == "NUMERIC":
            return f"bq_numeric_multiply({left}, {right})"
        if kinds[0] == "FLOAT64":
            return f"bq_finite({left}, {right}, ({left} {symbol} {right}), {text(symbol)})"
        if kinds[0] not in {"INT64", "NUMERIC"} or len(set(kinds)) > 1:
            raise call.refuse()
        return f"({left} {symbol} {right})"

    return compile_call


def _divide(call: Call) -> str:
    name = "bq_numeric_divide" if call.type.kind == "NUMERIC" else "bq_float_divide"
    return f"{name}({call.args[0]}, {call.args[1]})"


def _safe_divide(call: Call) -> str:
    right = call.args[1]
    return f"CASE WHEN {right} = 0 THEN NULL ELSE TRY({_divide(call)}) END"


def _integer_divide(call: Call) -> str:
    left, right = call.args
    if call.type.kind != "INT64":
        raise call.refuse()
    return f"CASE WHEN {right} = 0 THEN {_by_zero(call)} ELSE {left} // nullif({right}, 0) END"


def _modulo(call: Call) -> str:
    left, right = call.args
    return f"CASE WHEN {right} = 0 THEN {_by_zero(call)} ELSE {left} % nullif({right}, 0) END"


def _by_zero(call: Call) -> str:
    left, right = call.args
    message = f"concat('division by zero: ', {left}, ' / ', {right})"
    return failure(message, call.type)


def _round(call: Call) -> str:
    if len(call.args) == 1:
        return f"CAST(round({call.args[0]}) AS {call.type.duckdb})"
    if len(call.args) > 2:  # noqa: PLR2004 - a third argument names a rounding mode
        raise call.refuse()
    if call.type.kind == "NUMERIC":
        return _numeric_round(call.args[0], int(call.constant(1)))
    return f"CAST(round({call.args[0]}, CAST({call.args[1]} AS INTEGER)) AS {call.type.duckdb})"


def _numeric_round(value: str, digits: int) -> str:
    if digits >= 9:  # noqa: PLR2004 - NUMERIC's scale
        return value
    if digits >= 0:
        return f"CAST(CAST({value} AS DECIMAL(38,{digits})) AS DECIMAL(38,9))"
    unit = 10**-digits
    scaled = f"bq_round_quotient(bq_scaled({value}), {unit * 10**9}::HUGEINT)"
    return f"bq_unscaled({scaled} * {unit * 10**9}::HUGEINT)"


def _float_only(pattern: str) -> Compile:
    def compile_call(call: Call) -> str:
        if set(call.kinds()) != {"FLOAT64"}:
            raise call.refuse()
        return pattern.format(*call.args)

    return compile_call


def _power(call: Call) -> str:
    left, right = call.args
    if call.type.kind == "FLOAT64":
        return f"bq_finite({left}, {right}, power({left}, {right}), '^')"
    # Through floating point only while that is exact: a small whole base and exponent.
    exact = f"CAST(power(CAST({left} AS DOUBLE), CAST({right} AS DOUBLE)) AS HUGEINT)"
    inexact = failure("'@501 POW of NUMERIC beyond exact doubles'", BqType("NUMERIC"))
    whole = f"{left} = trunc({left}) AND {right} = trunc({right}) AND {right} >= 0"
    small = f"abs(power(CAST({left} AS DOUBLE), CAST({right} AS DOUBLE))) < 9007199254740992"
    return (
        f"CASE WHEN {left} IS NULL OR {right} IS NULL THEN NULL "
        f"WHEN {whole} AND {small} THEN CAST({exact} AS DECIMAL(38,9)) ELSE {inexact} END"
    )


def _trunc(call: Call) -> str:
    if len(call.args) > 1:
        raise call.refuse()
    return f"CAST(trunc({call.args[0]}) AS {call.type.duckdb})"


def _negated(call: Call) -> str:
    # No unary minus: DuckDB evaluates it while binding, even in a branch that is never taken.
    zero = "CAST(-1 AS DOUBLE) *" if call.type.kind == "FLOAT64" else "0 -"
    return f"({zero} {call.args[0]})"


def _safe(symbol: str) -> Compile:
    plain = _operator(symbol)
    return lambda call: f"TRY({plain(call)})"


def _typed(name: str) -> Compile:
    return lambda call: f"CAST({name}({call.args[0]}) AS {call.type.duckdb})"


ARITHMETIC: Final[dict[str, Compile]] = {
    "$add": _operator("+"),
    "$subtract": _operator("-"),
    "$multiply": _operator("*"),
    "$divide": _divide,
    "$unary_minus": _negated,
    "safe_divide": _safe_divide,
    "safe_add": _safe("+"),
    "safe_subtract": _safe("-"),
    "safe_multiply": _safe("*"),
    "safe_negate": lambda call: f"TRY({_negated(call)})",
    "div": _integer_divide,
    "mod": _modulo,
    "abs": template("abs({0})"),
    "sign": _typed("sign"),
    "round": _round,
    "trunc": _trunc,
    "ceil": _typed("ceil"),
    "floor": _typed("floor"),
    "pow": _power,
    "sqrt": _float_only("sqrt({0})"),
    "exp": _float_only("exp({0})"),
    "is_nan": template("isnan({0})"),
    "is_inf": template("isinf({0})"),
    "ieee_divide": _float_only("({0} / {1})"),
    "$bitwise_and": template("({0} & {1})"),
    "$bitwise_or": template("({0} | {1})"),
    "$bitwise_xor": template("xor({0}, {1})"),
    "greatest": lambda call: _extreme(call, "greatest"),
    "least": lambda call: _extreme(call, "least"),
    "rand": lambda _: "random()",
    "ln": _float_only("ln({0})"),
    "log10": _float_only("log10({0})"),
    "log": by_count("ln({0})", "(ln({0}) / ln({1}))"),
}


def _extreme(call: Call, name: str) -> str:
    # GoogleSQL: NULL if any argument is; DuckDB leaves NULLs out.
    missing = " OR ".join(f"{arg} IS NULL" for arg in call.args)
    return f"CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(call.args)}) END"
