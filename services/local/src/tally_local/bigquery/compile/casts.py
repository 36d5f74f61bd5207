from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.context import Context, failure, text, type_of, unsupported
from tally_local.bigquery.types import BqType, struct_names

_INTEGER: Final = r"\s*[+-]?[0-9]+\s*"
_HEX: Final = r"\s*[+-]?0[xX][0-9a-fA-F]+\s*"
_NUMBER: Final = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
_FLOAT: Final = _NUMBER + r"|\s*[+-]?([iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])\s*"
_DATE: Final = r"[0-9]{4,5}-[0-9]{1,2}-[0-9]{1,2}"
_TIME: Final = r"[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]{1,6})?"
_ZONE: Final = r"( ?[zZ]| ?[+-][0-9]{1,2}(:[0-9]{2})?| [A-Za-z_]+(/[A-Za-z_]+)*)"


def _checked(pattern: str, target: BqType, what: str) -> Callable[[str], str]:
    def cast(sql: str) -> str:
        bad = failure(f"concat({text(f'{what}: ')}, {sql})", target)
        return (
            f"CASE WHEN {sql} IS NULL OR regexp_full_match({sql}, {text(pattern)}) "
            f"THEN {_from_text(sql, target)} ELSE {bad} END"
        )

    return cast


def _from_text(sql: str, target: BqType) -> str:
    if target.kind == "TIMESTAMP":
        # TIMESTAMP ignores an offset in the text; only the type with a zone applies it.
        return f"timezone('UTC', CAST({sql} AS TIMESTAMPTZ))"
    return f"CAST({sql} AS {target.duckdb})"


def _text_to_int(sql: str) -> str:
    bad = failure(f"concat('Bad int64 value: ', {sql})", BqType("INT64"))
    signed = f"bq_hex_int({sql})"
    return (
        f"CASE WHEN {sql} IS NULL OR regexp_full_match({sql}, {text(_INTEGER)}) "
        f"THEN CAST({sql} AS BIGINT) WHEN regexp_full_match({sql}, {text(_HEX)}) "
        f"THEN {signed} ELSE {bad} END"
    )


def _text_to_bool(sql: str) -> str:
    bad = failure(f"concat('Bad bool value: ', {sql})", BqType("BOOL"))
    return (
        f"CASE lower({sql}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE "
        f"ELSE CASE WHEN {sql} IS NULL THEN NULL ELSE {bad} END END"
    )


def _same(sql: str) -> str:
    return sql


_SCALARS: Final[dict[tuple[str, str], Callable[[str], str]]] = {
    ("STRING", "INT64"): _text_to_int,
    ("STRING", "FLOAT64"): _checked(_FLOAT, BqType("FLOAT64"), "Bad double value"),
    ("STRING", "NUMERIC"): _checked(_NUMBER, BqType("NUMERIC"), "Invalid NUMERIC value"),
    ("STRING", "BOOL"): _text_to_bool,
    ("STRING", "DATE"): _checked(_DATE, BqType("DATE"), "Invalid date"),
    ("STRING", "TIME"): _checked(_TIME, BqType("TIME"), "Invalid time string"),
    ("STRING", "DATETIME"): _checked(
        f"{_DATE}([ tT]{_TIME})?", BqType("DATETIME"), "Invalid datetime string"
    ),
    ("STRING", "TIMESTAMP"): _checked(
        f"{_DATE}([ tT]{_TIME})?{_ZONE}?", BqType("TIMESTAMP"), "Invalid timestamp"
    ),
    ("STRING", "BYTES"): lambda sql: f"encode({sql})",
    ("BYTES", "STRING"): lambda sql: f"decode({sql})",
    ("INT64", "STRING"): lambda sql: f"CAST({sql} AS VARCHAR)",
    ("BOOL", "STRING"): lambda sql: f"CAST({sql} AS VARCHAR)",
    ("FLOAT64", "STRING"): lambda sql: f"bq_float_text({sql})",
    ("NUMERIC", "STRING"): lambda sql: f"bq_numeric_text({sql})",
    ("DATE", "STRING"): lambda sql: f"strftime({sql}, '%Y-%m-%d')",
    ("TIME", "STRING"): lambda sql: f"bq_time_text({sql})",
    ("DATETIME", "STRING"): lambda sql: f"bq_datetime_text({sql}, ' ')",
    ("TIMESTAMP", "STRING"): lambda sql: f"concat(bq_datetime_text({sql}, ' '), '+00')",
    ("INT64", "FLOAT64"): lambda sql: f"CAST({sql} AS DOUBLE)",
    ("INT64", "NUMERIC"): lambda sql: f"CAST({sql} AS DECIMAL(38,9))",
    ("INT64", "BOOL"): lambda sql: f"({sql} <> 0)",
    ("BOOL", "INT64"): lambda sql: f"CAST({sql} AS BIGINT)",
    ("FLOAT64", "INT64"): lambda sql: f"CAST(round({sql}) AS BIGINT)",
    ("FLOAT64", "NUMERIC"): lambda sql: f"bq_numeric_from_float({sql})",
    ("NUMERIC", "INT64"): lambda sql: f"CAST({sql} AS BIGINT)",
    # Through text: DuckDB divides two rounded doubles, which can be off by one unit.
    ("NUMERIC", "FLOAT64"): lambda sql: f"CAST(CAST({sql} AS VARCHAR) AS DOUBLE)",
    ("DATE", "DATETIME"): lambda sql: f"CAST({sql} AS TIMESTAMP)",
    ("DATE", "TIMESTAMP"): lambda sql: f"CAST({sql} AS TIMESTAMP)",
    ("DATETIME", "DATE"): lambda sql: f"CAST({sql} AS DATE)",
    ("DATETIME", "TIME"): lambda sql: f"CAST({sql} AS TIME)",
    ("DATETIME", "TIMESTAMP"): _same,
    ("TIMESTAMP", "DATE"): lambda sql: f"CAST({sql} AS DATE)",
    ("TIMESTAMP", "TIME"): lambda sql: f"CAST({sql} AS TIME)",
    ("TIMESTAMP", "DATETIME"): _same,
}


def cast_sql(sql: str, source: BqType, target: BqType) -> str:
    """Return the expression converted as GoogleSQL's CAST does; it fails where CAST fails."""
    if source == target:
        return sql
    if source.element is not None and target.element is not None:
        inner = cast_sql("item", source.element, target.element)
        return f"list_transform({sql}, lambda item: {inner})"
    if source.kind == target.kind == "STRUCT":
        return _struct_cast(sql, source, target)
    if (source.kind, target.kind) not in _SCALARS:
        raise unsupported("CAST", f"from {source} to {target}")
    return _SCALARS[source.kind, target.kind](sql)


def _struct_cast(sql: str, source: BqType, target: BqType) -> str:
    parts = zip(
        struct_names(source), source.fields, struct_names(target), target.fields, strict=True
    )
    items = (f"{new} := {cast_sql(f'({sql}).{old}', a, b)}" for old, (_, a), new, (_, b) in parts)
    packed = f"struct_pack({', '.join(items)})"
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE {packed} END"


def cast(context: Context, node: Node) -> str:
    """Compile CAST and SAFE_CAST."""
    if node.format is not None or node.time_zone is not None or node.extended_cast is not None:
        raise unsupported("CAST with", "FORMAT")
    if node.type_modifiers is not None and node.type_modifiers.type_parameters is not None:
        raise unsupported("CAST to", "a parameterised type")
    inner = context.expr(context, node.expr)
    sql = cast_sql(inner, type_of(node.expr), type_of(node))
    return f"TRY({sql})" if node.return_null_on_error else sql
