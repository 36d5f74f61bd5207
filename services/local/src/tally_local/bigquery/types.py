"""BigQuery's types: read from a JSON schema, written as DuckDB's and as the analyzer's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tally_local.bigquery.errors import InvalidError, UnsupportedError
from tally_local.bigquery.integers import whole_number

_DUCKDB: Final = {
    "BOOL": "BOOLEAN",
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "NUMERIC": "DECIMAL(38,9)",
    "STRING": "VARCHAR",
    "BYTES": "BLOB",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "TIMESTAMP",
    # Kept as UTC without a zone: the analyzer tells TIMESTAMP from DATETIME, so nothing here
    # depends on a session's time zone.
    "TIMESTAMP": "TIMESTAMP",
    "JSON": "JSON",
}
_ALIASES: Final = {
    "BOOLEAN": "BOOL",
    "INTEGER": "INT64",
    "INT": "INT64",
    "SMALLINT": "INT64",
    "BIGINT": "INT64",
    "TINYINT": "INT64",
    "BYTEINT": "INT64",
    "FLOAT": "FLOAT64",
    "DECIMAL": "NUMERIC",
    "RECORD": "STRUCT",
}
_API: Final = {"BOOL": "BOOLEAN", "INT64": "INTEGER", "FLOAT64": "FLOAT", "STRUCT": "RECORD"}


@dataclass(frozen=True, slots=True)
class BqType:
    """A GoogleSQL type; `element` for ARRAY, `fields` for STRUCT."""

    kind: str
    element: BqType | None = None
    fields: tuple[tuple[str, BqType], ...] = ()

    @property
    def duckdb(self) -> str:
        """The DuckDB type that holds exactly these values."""
        if self.element is not None:
            return f"{self.element.duckdb}[]"
        if self.kind == "STRUCT":
            names = struct_names(self)
            inner = (f"{n} {t.duckdb}" for n, (_, t) in zip(names, self.fields, strict=True))
            return f"STRUCT({', '.join(inner)})"
        return _DUCKDB[self.kind]

    def __str__(self) -> str:
        if self.element is not None:
            return f"ARRAY<{self.element}>"
        if self.kind == "STRUCT":
            return f"STRUCT<{', '.join(f'{n} {t}'.strip() for n, t in self.fields)}>"
        return self.kind


@dataclass(frozen=True, slots=True)
class Field:
    """One column as a schema states it, with its mode and its type's parameters."""

    name: str
    type: BqType
    mode: str = "NULLABLE"
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None

    @property
    def required(self) -> bool:
        """Whether NULL is refused."""
        return self.mode == "REQUIRED"


def quoted(name: str) -> str:
    """Return the name as a DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def struct_names(of: BqType) -> list[str]:
    """Return the names DuckDB knows a struct's fields by: it allows neither blanks nor doubles."""
    names = [name.lower() for name, _ in of.fields]
    plain = all(names) and len(set(names)) == len(names)
    return [quoted(n if plain else f"_{i}") for i, (n, _) in enumerate(of.fields)]


def scalar(name: str) -> BqType:
    """Return the scalar type of this name, in any of its spellings."""
    kind = _ALIASES.get(name.upper(), name.upper())
    if kind not in _DUCKDB:
        if kind in {"BIGNUMERIC", "BIGDECIMAL", "GEOGRAPHY", "INTERVAL", "RANGE"}:
            raise UnsupportedError(f"Columns and parameters of type {kind} are not supported here")
        raise InvalidError(f"Invalid value for type: {name} is not a valid value")
    return BqType(kind)


def field_from_json(raw: Mapping[str, Any]) -> Field:
    """Read one field of a JSON schema."""
    if "name" not in raw or "type" not in raw:
        raise InvalidError("Each field of a schema needs a name and a type")
    mode = str(raw.get("mode") or "NULLABLE").upper()
    if mode not in {"NULLABLE", "REQUIRED", "REPEATED"}:
        raise InvalidError(f"Invalid value for mode: {mode} is not a valid value")
    if "defaultValueExpression" in raw:
        raise UnsupportedError("Default values of columns are not supported here")
    base = _base_type(raw)
    return Field(
        str(raw["name"]),
        BqType("ARRAY", base) if mode == "REPEATED" else base,
        mode,
        whole_number(raw, "maxLength"),
        whole_number(raw, "precision"),
        whole_number(raw, "scale"),
    )


def _base_type(raw: Mapping[str, Any]) -> BqType:
    kind = str(raw["type"]).upper()
    if _ALIASES.get(kind, kind) != "STRUCT":
        return scalar(kind)
    inner = [field_from_json(sub) for sub in raw.get("fields") or []]
    if not inner:
        raise InvalidError(f"Field {raw['name']} is type RECORD but has no schema")
    return BqType("STRUCT", fields=tuple((sub.name, sub.type) for sub in inner))


def fields_from_json(schema: Mapping[str, Any] | None) -> list[Field]:
    """Read a schema; its names must differ, whatever their case."""
    fields = [field_from_json(raw) for raw in (schema or {}).get("fields") or []]
    seen: set[str] = set()
    for field in fields:
        if field.name.lower() in seen:
            raise InvalidError(f"Duplicate field name: {field.name}")
        seen.add(field.name.lower())
    return fields


def type_to_json(of: BqType) -> dict[str, Any]:
    """Return `type`, `mode` and `fields` of a schema's field of this type."""
    repeated = of.element is not None
    base = of.element if of.element is not None else of
    out: dict[str, Any] = {"type": _API.get(base.kind, base.kind)}
    out["mode"] = "REPEATED" if repeated else "NULLABLE"
    if base.kind == "STRUCT":
        out["fields"] = schema_json(base.fields)
    return out


def schema_json(columns: Iterable[tuple[str, BqType]]) -> list[dict[str, Any]]:
    """Return the fields of a schema with these columns."""
    return [{"name": name, **type_to_json(of)} for name, of in columns]


def field_to_json(field: Field) -> dict[str, Any]:
    """Return a field as the REST API states it."""
    out = {"name": field.name, **type_to_json(field.type), "mode": field.mode}
    for key, value in (
        ("maxLength", field.max_length),
        ("precision", field.precision),
        ("scale", field.scale),
    ):
        if value is not None:
            out[key] = str(value)
    return out
