"""CREATE, ALTER and DROP: the resolved statement turned into the catalog's own calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.analyzer.protos import type_from_proto
from tally_local.bigquery.compile.context import type_of, unsupported
from tally_local.bigquery.compile.query import new_context, output_names, select_output
from tally_local.bigquery.errors import (
    DuplicateError,
    InvalidError,
    InvalidQueryError,
    NotFoundError,
)
from tally_local.bigquery.script.names import Resolved, Resolver
from tally_local.bigquery.script.options import column_options, table_options, time_partitioning
from tally_local.bigquery.script.session import Session
from tally_local.bigquery.store.catalog import Catalog, Table, column_ddl, now_ms, table_ddl
from tally_local.bigquery.store.database import Transaction
from tally_local.bigquery.store.names import DatasetName, TableName
from tally_local.bigquery.types import BqType, Field, field_to_json, quoted


@dataclass
class Ddl:
    """One DDL statement, about to run in a transaction."""

    session: Session
    transaction: Transaction
    catalog: Catalog
    resolver: Resolver
    location: str
    resolved: Resolved
    values: Callable[[Mapping[str, BqType]], dict[str, Any]]

    @property
    def node(self) -> Node:
        """The resolved statement."""
        return self.resolved.node

    @property
    def mode(self) -> str:
        """CREATE_DEFAULT, CREATE_OR_REPLACE or CREATE_IF_NOT_EXISTS."""
        return self.node.enum("create_mode")

    def name(self) -> TableName:
        """Return the table that the statement names."""
        return self.resolver.table_name(self.node.name_path)


def is_temporary(node: Node, session: Session) -> bool:
    """Whether the statement is about a temporary table; a transaction allows no other DDL."""
    if node.kind == "ResolvedDropStmt":
        return len(node.name_path) == 1 and node.name_path[0].lower() in session.temporary
    creates = node.kind.startswith("ResolvedCreate")
    return creates and bool(node.enum("create_scope") == "CREATE_TEMP")


def run_ddl(ddl: Ddl) -> str:
    """Run the statement; return its type as a job's statistics name it."""
    if ddl.node.kind not in _STATEMENTS:
        raise unsupported("The statement", ddl.node.kind.removeprefix("Resolved"))
    return _STATEMENTS[ddl.node.kind](ddl)


def _create_table(ddl: Ddl) -> str:
    fields = [_column(item) for item in ddl.node.column_definition_list]
    _make(ddl, fields)
    return "CREATE_TABLE"


def _create_table_as(ddl: Ddl) -> str:
    names = output_names(ddl.node)
    types = [type_of(output.column) for output in ddl.node.output_column_list]
    defined = {item.name: _column(item) for item in ddl.node.column_definition_list}
    plain = zip(names, types, strict=True)
    fields = [defined.get(name) or Field(name, of, _mode(of)) for name, of in plain]
    table = _make(ddl, fields)
    if table is None:
        return "CREATE_TABLE_AS_SELECT"
    context = new_context(ddl.resolved.relations)
    select = select_output(context, ddl.node, [f.name for f in fields], types)
    values = ddl.values({**ddl.resolved.bindings(), **context.bindings})
    ddl.session.run(f"INSERT INTO {table.source} {select}", values)
    return "CREATE_TABLE_AS_SELECT"


def _mode(of: BqType) -> str:
    return "REPEATED" if of.element is not None else "NULLABLE"


def _column(node: Node) -> Field:
    if node.default_value is not None or node.generated_column_info is not None:
        raise unsupported("The clause", "DEFAULT or GENERATED of a column")
    of = type_from_proto(node.raw("type"))
    length, precision, scale, required = column_options(node)
    mode = "REQUIRED" if required else _mode(of)
    return Field(str(node.name), of, mode, length, precision, scale)


def _refuse_unsupported(node: Node) -> None:
    if node.primary_key is not None or node.foreign_key_list or node.check_constraint_list:
        raise unsupported("The clause", "PRIMARY KEY, FOREIGN KEY or CHECK")
    if node.like_table is not None and node.like_table.name:
        raise unsupported("The clause", "LIKE")
    if node.kind == "ResolvedCreateTableStmt" and (node.clone_from or node.copy_from):
        raise unsupported("The clause", "CLONE or COPY")


def _make(ddl: Ddl, fields: list[Field]) -> Table | None:
    _refuse_unsupported(ddl.node)
    schema = {"fields": [field_to_json(item) for item in fields]}
    partitioning = time_partitioning(ddl.node.partition_by_list)
    clusters = [column.column.name for column in ddl.node.cluster_by_list]
    resource = {"schema": schema, **partitioning, **table_options(ddl.node.option_list)}
    if "timePartitioning" in resource and "partition_expiration_ms" in resource:
        resource["timePartitioning"]["expirationMs"] = resource.pop("partition_expiration_ms")
    if clusters:
        resource["clustering"] = {"fields": clusters}
    if is_temporary(ddl.node, ddl.session):
        return _make_temporary(ddl, resource)
    return _make_permanent(ddl, ddl.name(), resource)


def _make_permanent(ddl: Ddl, name: TableName, resource: dict[str, Any]) -> Table | None:
    exists = name in ddl.catalog.tables
    if exists and ddl.mode == "CREATE_IF_NOT_EXISTS":
        return None
    replacing = ddl.mode == "CREATE_OR_REPLACE"
    return ddl.catalog.create_table(ddl.transaction, name, resource, replacing=replacing)


def _make_temporary(ddl: Ddl, resource: dict[str, Any]) -> Table | None:
    path = ddl.node.name_path
    if len(path) > 1:
        raise InvalidQueryError("CREATE TEMP TABLE: the name of a temporary table has no dataset")
    key = str(path[0]).lower()
    if key in ddl.session.temporary:
        if ddl.mode == "CREATE_IF_NOT_EXISTS":
            return None
        if ddl.mode != "CREATE_OR_REPLACE":
            raise DuplicateError(f"Already Exists: Table {path[0]}")
        ddl.session.run(f"DROP TABLE {ddl.session.temporary[key].source}", {})
    table = TemporaryTable(TableName("", "", key), resource).with_resource(resource)
    ddl.session.run(table_ddl(table.source, table.fields, "TEMP TABLE"), {})
    ddl.session.temporary[key] = table
    return table


@dataclass(frozen=True)
class TemporaryTable(Table):
    """A script's temporary table; it lives in the script's own connection."""

    @property
    def source(self) -> str:
        """The DuckDB table to read."""
        return f"temp.main.{quoted(self.name.table)}"


def _create_view(ddl: Ddl) -> str:
    name = ddl.name()
    if ddl.node.recursive or is_temporary(ddl.node, ddl.session):
        raise unsupported("The statement", "CREATE TEMP or RECURSIVE VIEW")
    if ddl.node.has_explicit_columns:
        raise unsupported("The clause", "a view's column list")
    # A stored query knows no default dataset: its tables must say theirs.
    stored = Resolver(ddl.resolver.analyzer, ddl.catalog, name.project, None)
    node = stored.resolve(str(ddl.node.sql), {}).node
    names = output_names(node)
    types = [type_of(output.column) for output in node.output_column_list]
    fields = [Field(n, of, _mode(of)) for n, of in zip(names, types, strict=True)]
    resource = {
        "schema": {"fields": [field_to_json(item) for item in fields]},
        "view": {"query": ddl.node.sql, "useLegacySql": False},
        **table_options(ddl.node.option_list),
    }
    _make_permanent(ddl, name, resource)
    return "CREATE_VIEW"


def _drop(ddl: Ddl) -> str:
    kind = str(ddl.node.object_type).upper()
    if kind not in {"TABLE", "VIEW"}:
        raise unsupported("The statement", f"DROP {kind}")
    path = ddl.node.name_path
    if len(path) == 1 and path[0].lower() in ddl.session.temporary:
        table = ddl.session.temporary.pop(path[0].lower())
        ddl.session.run(f"DROP TABLE {table.source}", {})
        return "DROP_TABLE"
    name = ddl.name()
    if name not in ddl.catalog.tables and ddl.node.is_if_exists:
        return f"DROP_{kind}"
    if ddl.catalog.table(name).is_view != (kind == "VIEW"):
        raise InvalidQueryError(f"Cannot drop {name} which is not a {kind.lower()}.")
    ddl.catalog.drop_table(ddl.transaction, name)
    return f"DROP_{kind}"


def _schema_name(ddl: Ddl) -> DatasetName:
    return ddl.resolver.table_name([*ddl.node.name_path, "_"]).parent


def _create_schema(ddl: Ddl) -> str:
    name = _schema_name(ddl).checked()
    if name in ddl.catalog.datasets:
        if ddl.mode == "CREATE_IF_NOT_EXISTS":
            return "CREATE_SCHEMA"
        raise DuplicateError(f"Already Exists: Dataset {name}")
    stamp = str(now_ms())
    resource = {"location": ddl.location, "creationTime": stamp, "lastModifiedTime": stamp}
    ddl.catalog.put_dataset(ddl.transaction, name, resource)
    return "CREATE_SCHEMA"


def _alter_table(ddl: Ddl) -> str:
    path = ddl.node.name_path
    if len(path) == 1 and path[0].lower() in ddl.session.temporary:
        raise unsupported("ALTER TABLE of", f"temporary table {path[0]}")
    name = ddl.name()
    if name not in ddl.catalog.tables and ddl.node.is_if_exists:
        return "ALTER_TABLE"
    table = ddl.catalog.table(name)
    if table.is_view:
        raise InvalidQueryError(f"ALTER TABLE: {name} is a view, not a table.")
    if ddl.node.kind == "ResolvedAlterTableSetOptionsStmt":
        table = _with_options(table, ddl.node)
    else:
        for action in ddl.node.alter_action_list:
            table = _altered(ddl, table, action)
    ddl.catalog.put_table(ddl.transaction, table)
    return "ALTER_TABLE"


def _with_options(table: Table, node: Node) -> Table:
    options = table_options(node.option_list)
    expiration = options.pop("partition_expiration_ms", None)
    if expiration is not None:
        if table.partitioning is None:
            raise InvalidQueryError(f"partition_expiration_days: {table.name} is not partitioned")
        options["timePartitioning"] = {**table.partitioning, "expirationMs": expiration}
    stamp = {"lastModifiedTime": str(now_ms())}
    return table.with_resource({**table.resource, **stamp, **options})


def _altered(ddl: Ddl, table: Table, action: Node) -> Table:
    changed = {**table.resource, "lastModifiedTime": str(now_ms())}
    if action.kind == "ResolvedSetOptionsAction":
        return _with_options(table, action)
    if action.kind == "ResolvedDropColumnAction":
        return _without_column(ddl, table, action, changed)
    if action.kind != "ResolvedAddColumnAction":
        raise unsupported("ALTER TABLE", action.kind.removeprefix("Resolved"))
    added = _column(action.column_definition)
    if any(item.name.lower() == added.name.lower() for item in table.fields):
        if action.is_if_not_exists:
            return table
        raise InvalidQueryError(f"Column already exists: {added.name}")
    if added.required:
        raise InvalidError(f"Cannot add required column {added.name} to an existing table")
    ddl.session.run(
        f"ALTER TABLE {table.source} ADD COLUMN {column_ddl(added, constraints=False)}", {}
    )
    fields = [field_to_json(item) for item in (*table.fields, added)]
    return table.with_resource({**changed, "schema": {"fields": fields}})


def _without_column(ddl: Ddl, table: Table, action: Node, changed: dict[str, Any]) -> Table:
    name = str(action.name).lower()
    if not any(item.name.lower() == name for item in table.fields):
        if action.is_if_exists:
            return table
        raise NotFoundError(f"Column not found: {action.name}")
    clustered = (table.resource.get("clustering") or {}).get("fields", [])
    partitioned = (table.partitioning or {}).get("field", "")
    if name in (used.lower() for used in (partitioned, *clustered)):
        raise InvalidQueryError(f"Cannot drop column {action.name}: {table.name} is laid out by it")
    ddl.session.run(f"ALTER TABLE {table.source} DROP COLUMN {quoted(name)}", {})
    fields = [field_to_json(item) for item in table.fields if item.name.lower() != name]
    return table.with_resource({**changed, "schema": {"fields": fields}})


_STATEMENTS: Final[dict[str, Callable[[Ddl], str]]] = {
    "ResolvedCreateTableStmt": _create_table,
    "ResolvedCreateTableAsSelectStmt": _create_table_as,
    "ResolvedCreateViewStmt": _create_view,
    "ResolvedDropStmt": _drop,
    "ResolvedCreateSchemaStmt": _create_schema,
    "ResolvedAlterTableStmt": _alter_table,
    "ResolvedAlterTableSetOptionsStmt": _alter_table,
}
