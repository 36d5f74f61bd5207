from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

from tally_local.bigquery.errors import InvalidError
from tally_local.bigquery.types import BqType, scalar

_WIDE: Final = Context(prec=60)
_LARGEST_INT: Final = 2**63
_LARGEST_NUMERIC: Final = Decimal("99999999999999999999999999999.999999999")


@dataclass(frozen=True)
class Parameters:
    """A query's parameters: their types for the analyzer, their values for DuckDB."""

    types: Mapping[str, BqType] | Sequence[BqType] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def read_parameters(mode: str | None, raw: Sequence[Mapping[str, Any]]) -> Parameters:
    """Read `queryParameters`; a value that does not fit its type is refused."""
    types = [_type(item["parameterType"]) for item in raw]
    pairs = zip(raw, types, strict=True)
    values = [_value(item.get("parameterValue") or {}, of) for item, of in pairs]
    if (mode or "").upper() == "POSITIONAL" or (raw and not raw[0].get("name")):
        return Parameters(types, {f"p_{i + 1}": v for i, v in enumerate(values)})
    names = [str(item["name"]).lower() for item in raw]
    if len(set(names)) < len(names):
        raise InvalidError("Duplicate parameter name")
    named = {f"p_{name}": value for name, value in zip(names, values, strict=True)}
    return Parameters(dict(zip(names, types, strict=True)), named)


def _type(raw: Mapping[str, Any]) -> BqType:
    kind = str(raw.get("type", "")).upper()
    if kind == "ARRAY":
        return BqType("ARRAY", _type(raw["arrayType"]))
    if kind in {"STRUCT", "RECORD"}:
        fields = ((str(f.get("name", "")), _type(f["type"])) for f in raw.get("structTypes", []))
        return BqType("STRUCT", fields=tuple(fields))
    return scalar(kind)


def _value(raw: Mapping[str, Any], of: BqType) -> Any:
    if of.element is not None:
        items = raw.get("arrayValues")
        # The client sends an empty array as no array at all.
        return [_value(item, of.element) for item in items or []]
    if of.kind == "STRUCT":
        inner = raw.get("structValues") or {}
        return {name.lower(): _value(inner.get(name) or {}, t) for name, t in of.fields}
    if raw.get("value") is None:
        return None
    return _scalar(str(raw["value"]), of)


def _scalar(value: str, of: BqType) -> Any:
    try:
        return _PARSERS[of.kind](value)
    except (ValueError, InvalidOperation, binascii.Error) as error:
        raise InvalidError(f"Invalid value for type {of}: {value!r}") from error


def _int(value: str) -> str:
    number = int(value)
    if not -_LARGEST_INT <= number < _LARGEST_INT:
        raise ValueError(value)
    return str(number)


def _numeric(value: str) -> str:
    number = Decimal(value)
    if not number.is_finite() or number.copy_abs() > _LARGEST_NUMERIC:
        raise ValueError(value)
    if number != _WIDE.quantize(number, Decimal("1e-9")):
        raise ValueError(value)
    return f"{number:f}"


def _bool(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise ValueError(value)
    return value.lower() == "true"


def _datetime(value: str) -> str:
    return datetime.fromisoformat(value.strip()).replace(tzinfo=None).isoformat(" ")


def _timestamp(value: str) -> str:
    text = re.sub(r"\s*(UTC|[zZ])$", "+00:00", value.strip())
    moment = datetime.fromisoformat(text)
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


_PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "INT64": _int,
    "FLOAT64": lambda value: str(float(value)),
    "NUMERIC": _numeric,
    "BOOL": _bool,
    "STRING": str,
    "JSON": str,
    "BYTES": lambda value: base64.b64decode(value, validate=True),
    "DATE": lambda value: date.fromisoformat(value).isoformat(),
    "TIME": lambda value: time.fromisoformat(value).isoformat(),
    "DATETIME": _datetime,
    "TIMESTAMP": _timestamp,
}
