"""Texts of a CSV or JSON file as values of their columns' types, the bad ones named."""

from __future__ import annotations

from typing import Final

from tally_local.bigquery.compile.casts import cast_sql
from tally_local.bigquery.compile.context import text
from tally_local.bigquery.types import BqType, struct_names

_TEXT: Final = BqType("STRING")
_TRUE: Final = "'true', 't', 'yes', 'y', '1'"
_FALSE: Final = "'false', 'f', 'no', 'n', '0'"


def parsed(sql: str, of: BqType) -> str:
    """Return a text as a value of the type; what does not fit gives NULL."""
    if of.kind in _PARSED:
        return _PARSED[of.kind].format(sql)
    return f"TRY({cast_sql(f'trim({sql})', _TEXT, of)})"


_PARSED: Final = {
    "STRING": "{0}",
    "JSON": "TRY(CAST({0} AS JSON))",
    "BYTES": "TRY(from_base64({0}))",
    "BOOL": (
        f"CASE WHEN lower({{0}}) IN ({_TRUE}) THEN TRUE WHEN lower({{0}}) IN ({_FALSE}) "
        "THEN FALSE END"
    ),
    "NUMERIC": "TRY(bq_exact_numeric({0}))",
    "TIMESTAMP": "TRY(bq_loaded_timestamp({0}))",
}


def value_of_json(sql: str, of: BqType) -> str:
    """Return a JSON value as a value of the type; what does not fit gives NULL."""
    if of.element is not None:
        inner = value_of_json("item", of.element)
        items = f"CAST({sql} AS JSON[])"
        values = f"list_transform({items}, lambda item: {inner})"
        return f"CASE WHEN json_type({sql}) = 'ARRAY' THEN {values} END"
    if of.kind == "STRUCT":
        pairs = zip(struct_names(of), of.fields, strict=True)
        fields = (
            f"{name} := {value_of_json(f'json_extract({sql}, {text(_path(key))})', inner)}"
            for name, (key, inner) in pairs
        )
        return f"CASE WHEN json_type({sql}) = 'OBJECT' THEN struct_pack({', '.join(fields)}) END"
    if of.kind == "JSON":
        return sql
    return parsed(f"json_extract_string({sql}, '$')", of)


def _path(key: str) -> str:
    escaped = key.replace('"', '\\"')
    return f'$."{escaped}"'
