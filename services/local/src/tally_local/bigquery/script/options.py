from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.call import PARTS, function_name
from tally_local.bigquery.compile.context import unsupported
from tally_local.bigquery.compile.literals import constant_of, numeric_from_bytes

_TRUNCATIONS: Final = {"date_trunc", "timestamp_trunc", "datetime_trunc"}
_DAY_MS: Final = 86_400_000


def column_options(node: Node) -> tuple[int | None, int | None, int | None, bool]:
    """Return a column's length, precision and scale, and whether it is NOT NULL."""
    notes = node.annotations
    if notes is None:
        return None, None, None, False
    length = precision = scale = None
    if notes.type_parameters is not None:
        parameters = notes.type_parameters
        if parameters.string_type_parameters is not None:
            length = int(parameters.string_type_parameters.max_length)
        if parameters.numeric_type_parameters is not None:
            precision = int(parameters.numeric_type_parameters.precision)
            scale = int(parameters.numeric_type_parameters.scale)
    return length, precision, scale, bool(notes.not_null)


def time_partitioning(keys: Sequence[Node]) -> dict[str, Any]:
    """Return the `timePartitioning` that a PARTITION BY means, if there is one."""
    if not keys:
        return {}
    key = keys[0]
    if key.kind == "ResolvedColumnRef":
        return _partitioning("DAY", key)
    if key.kind == "ResolvedFunctionCall" and key.argument_list[0].kind == "ResolvedColumnRef":
        name = function_name(key)
        if name == "date":
            return _partitioning("DAY", key.argument_list[0])
        if name in _TRUNCATIONS:
            return _partitioning(
                PARTS[int(constant_of(key.argument_list[1]))], key.argument_list[0]
            )
    raise unsupported("PARTITION BY", "this expression")


def _partitioning(unit: str, column: Node) -> dict[str, Any]:
    if unit not in {"HOUR", "DAY", "MONTH", "YEAR"}:
        raise unsupported("PARTITION BY", unit)
    return {"timePartitioning": {"type": unit, "field": column.column.name}}


def table_options(options: Sequence[Node]) -> dict[str, Any]:
    """Return the resource fields that OPTIONS (…) sets."""
    out: dict[str, Any] = {}
    for option in options:
        name = str(option.name).lower()
        if name not in _OPTIONS:
            raise unsupported("The option", name)
        out[_OPTIONS[name]] = constant_of(option.value)
    if "partition_expiration_ms" in out:
        days = out["partition_expiration_ms"]
        number = numeric_from_bytes(days) if isinstance(days, bytes) else days
        out["partition_expiration_ms"] = str(int(number * _DAY_MS))
    return out


_OPTIONS: Final = {
    "require_partition_filter": "requirePartitionFilter",
    "description": "description",
    "friendly_name": "friendlyName",
    "partition_expiration_days": "partition_expiration_ms",
}
