from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import simple_table_pb2, type_pb2

from tally_local.bigquery.errors import UnsupportedError
from tally_local.bigquery.types import BqType

_KINDS: Final = {
    "BOOL": type_pb2.TYPE_BOOL,
    "INT64": type_pb2.TYPE_INT64,
    "FLOAT64": type_pb2.TYPE_DOUBLE,
    "NUMERIC": type_pb2.TYPE_NUMERIC,
    "STRING": type_pb2.TYPE_STRING,
    "BYTES": type_pb2.TYPE_BYTES,
    "DATE": type_pb2.TYPE_DATE,
    "TIME": type_pb2.TYPE_TIME,
    "DATETIME": type_pb2.TYPE_DATETIME,
    "TIMESTAMP": type_pb2.TYPE_TIMESTAMP,
    "JSON": type_pb2.TYPE_JSON,
}
_NAMES: Final = {number: name for name, number in _KINDS.items()}


def type_to_proto(of: BqType, into: type_pb2.TypeProto) -> None:
    """Write the type as the analyzer reads it."""
    if of.element is not None:
        into.type_kind = type_pb2.TYPE_ARRAY
        type_to_proto(of.element, into.array_type.element_type)
    elif of.kind == "STRUCT":
        into.type_kind = type_pb2.TYPE_STRUCT
        into.struct_type.SetInParent()
        for name, inner in of.fields:
            field = into.struct_type.field.add(field_name=name)
            type_to_proto(inner, field.field_type)
    else:
        into.type_kind = _KINDS[of.kind]


def type_from_proto(proto: type_pb2.TypeProto) -> BqType:
    """Read a type of the resolved tree; one that DuckDB cannot hold exactly is refused."""
    if proto.type_kind == type_pb2.TYPE_ARRAY:
        return BqType("ARRAY", type_from_proto(proto.array_type.element_type))
    if proto.type_kind == type_pb2.TYPE_STRUCT:
        fields = proto.struct_type.field
        named = ((f.field_name, type_from_proto(f.field_type)) for f in fields)
        return BqType("STRUCT", fields=tuple(named))
    if proto.type_kind == type_pb2.TYPE_ENUM:
        return BqType("ENUM")
    if proto.type_kind not in _NAMES:
        kind = type_pb2.TypeKind.Name(proto.type_kind).removeprefix("TYPE_")
        raise UnsupportedError(f"Values of type {kind} are not supported here")
    return BqType(_NAMES[proto.type_kind])


def add_table(
    catalog: simple_catalog_pb2.SimpleCatalogProto,
    path: tuple[str, ...],
    full_name: str,
    columns: Iterable[tuple[str, BqType]],
) -> None:
    """Add a table under a path of names, as deep as the statement wrote it."""
    for name in path[:-1]:
        catalog = _nested(catalog, name)
    # The catalog files a table under name_in_catalog; the resolved tree gives `name` back.
    table = catalog.table.add(name=full_name, name_in_catalog=path[-1])
    for name, of in columns:
        _add_column(table, name, of)


def _add_column(table: simple_table_pb2.SimpleTableProto, name: str, of: BqType) -> None:
    column = table.column.add(name=name, is_writable_column=True)
    type_to_proto(of, column.type)


def _nested(
    catalog: simple_catalog_pb2.SimpleCatalogProto, name: str
) -> simple_catalog_pb2.SimpleCatalogProto:
    for child in catalog.catalog:
        if child.name.lower() == name.lower():
            return child
    return catalog.catalog.add(name=name)


def add_constants(
    catalog: simple_catalog_pb2.SimpleCatalogProto, constants: Mapping[str, BqType]
) -> None:
    """Add a script's variables: the analyzer sees each as a named constant of its type."""
    for name, of in constants.items():
        constant = catalog.constant.add(name_path=[name])
        type_to_proto(of, constant.type)
        constant.value.SetInParent()
