"""Texts of a CSV or JSON file as values of their columns' types, the bad ones named."""

from __future__ import annotations

from typing import Final

from tally_local.bigquery.compile.casts import cast_sql
from tally_local.bigquery.compile.context import text
from tally_local.bigquery.types import BqType, Field, quoted, struct_names

_TEXT: Final = BqType("STRING")
_TRUE: Final = "'true', 't', 'yes', 'y', '1'"
_FALSE: Final = "'false', 'f', 'no', 'n', '0'"


def parsed(sql: str, of: BqType) -> str:
    """Return a text as a value of the type; what does not fit gives NULL."""
    if of.kind == "STRING":
        return sql
    if of.kind == "JSON":
        return f"TRY(CAST({sql} AS JSON))"
    if of.kind == "BYTES":
        return f"TRY(from_base64({sql}))"
    if of.kind == "BOOL":
        return (
            f"CASE WHEN lower({sql}) IN ({_TRUE}) THEN TRUE "
            f"WHEN lower({sql}) IN ({_FALSE}) THEN FALSE END"
        )
    if of.kind == "NUMERIC":
        return f"TRY(bq_exact_numeric({sql}))"
    if of.kind == "TIMESTAMP":
        return f"TRY(bq_loaded_timestamp({sql}))"
    return f"TRY({cast_sql(f'trim({sql})', _TEXT, of)})"


def bad_value(field: Field, sql: str) -> str:
    """Return the message for a text that is no value of the field's type."""
    return f"concat('Could not parse ''', {sql}, {text(f''' as {field.type} for field {field.name}''')})"


def value_of_json(sql: str, of: BqType) -> str:
    """Return a JSON value as a value of the type; what does not fit gives NULL."""
    if of.element is not None:
        inner = value_of_json("item", of.element)
        items = f"CAST({sql} AS JSON[])"
        return f"CASE WHEN json_type({sql}) = 'ARRAY' THEN list_transform({items}, lambda item: {inner}) END"
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


def column(field: Field) -> str:
    """Return a column's name, quoted."""
    return quoted(field.name)
