from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.context import text, unsupported
from tally_local.bigquery.types import BqType, struct_names

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def literal(value: Any, of: BqType) -> str:
    """Return the analyzer's value of this type as DuckDB SQL."""
    which = value.WhichOneof("value")
    if which is None:
        return f"CAST(NULL AS {of.duckdb})"
    if of.element is not None:
        items = (literal(item, of.element) for item in value.array_value.element)
        return f"CAST([{', '.join(items)}] AS {of.duckdb})"
    if of.kind == "STRUCT":
        return _struct(value, of)
    if of.kind == "ENUM":
        # A date part: functions read its number from the tree, never from SQL.
        return str(value.enum_value)
    if of.kind not in _SCALARS:
        raise unsupported("A literal of type", of)
    return _SCALARS[of.kind](getattr(value, which))


def _struct(value: Any, of: BqType) -> str:
    pairs = zip(struct_names(of), of.fields, value.struct_value.field, strict=True)
    items = (f"{name} := {literal(item, inner)}" for name, (_, inner), item in pairs)
    return f"CAST(struct_pack({', '.join(items)}) AS {of.duckdb})"


def numeric_from_bytes(raw: bytes) -> Decimal:
    """Read a NUMERIC as the analyzer serialises it: little-endian, scaled by 10^9."""
    return Decimal(int.from_bytes(raw, "little", signed=True)).scaleb(-9)


def _numeric(raw: bytes) -> str:
    return f"CAST('{numeric_from_bytes(raw):f}' AS DECIMAL(38,9))"


def _double(value: float) -> str:
    if math.isfinite(value):
        return f"CAST('{value!r}' AS DOUBLE)"
    return f"CAST('{'nan' if math.isnan(value) else 'inf' if value > 0 else '-inf'}' AS DOUBLE)"


def _date(days: int) -> str:
    return f"CAST('{(_EPOCH + timedelta(days=days)).date().isoformat()}' AS DATE)"


def _timestamp(value: Any) -> str:
    micros = value.seconds * 1_000_000 + value.nanos // 1000
    return f"make_timestamp({micros})"


def _time(packed: int) -> str:
    # 5 bits of hours, 6 of minutes, 6 of seconds, 30 of nanoseconds.
    hour, minute = packed >> 42 & 31, packed >> 36 & 63
    second, micro = packed >> 30 & 63, (packed & (1 << 30) - 1) // 1000
    return f"CAST('{hour:02}:{minute:02}:{second:02}.{micro:06}' AS TIME)"


def _datetime(value: Any) -> str:
    packed = value.bit_field_datetime_seconds
    year, month, day = packed >> 26, packed >> 22 & 15, packed >> 17 & 31
    hour, minute, second = packed >> 12 & 31, packed >> 6 & 63, packed & 63
    stamp = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    return f"CAST('{stamp}.{value.nanos // 1000:06}' AS TIMESTAMP)"


def _bytes(value: bytes) -> str:
    return f"unhex('{value.hex()}')"


_SCALARS: Final[dict[str, Callable[[Any], str]]] = {
    "BOOL": lambda value: "TRUE" if value else "FALSE",
    "INT64": lambda value: f"CAST({value} AS BIGINT)",
    "FLOAT64": _double,
    "NUMERIC": _numeric,
    "STRING": text,
    "BYTES": _bytes,
    "DATE": _date,
    "TIME": _time,
    "DATETIME": _datetime,
    "TIMESTAMP": _timestamp,
    "JSON": lambda value: f"CAST({text(value)} AS JSON)",
}


def constant_of(node: Node) -> Any:
    """Return a literal argument's plain Python value; what is not a literal is refused."""
    if node.kind != "ResolvedLiteral":
        raise unsupported("A non-constant argument", "here")
    value = node.raw("value").value
    which = value.WhichOneof("value")
    return None if which is None else getattr(value, which)
