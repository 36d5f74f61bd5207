"""Puts rows into a destination table by a job's dispositions; load jobs and queries share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tally_local.bigquery.errors import (
    DuplicateError,
    InvalidError,
    NotFoundError,
    UnsupportedError,
)
from tally_local.bigquery.jobs.partitions import partition_expression, split_decorator
from tally_local.bigquery.store.catalog import Catalog, Table, column_ddl, now_ms
from tally_local.bigquery.store.database import Transaction
from tally_local.bigquery.store.names import TableName
from tally_local.bigquery.types import Field, field_to_json, fields_from_json, quoted

_DISPOSITIONS: Final = {"WRITE_EMPTY", "WRITE_APPEND", "WRITE_TRUNCATE", "WRITE_TRUNCATE_DATA"}


@dataclass(frozen=True)
class Destination:
    """Where rows go, and what may happen to what is there."""

    name: TableName
    partition: str | None
    create: bool
    disposition: str
    options: frozenset[str]
    configuration: Mapping[str, Any]


def read_destination(raw: Mapping[str, Any], default: str) -> Destination:
    """Read the destination of a load or query configuration."""
    reference = raw["destinationTable"]
    table, partition = split_decorator(str(reference["tableId"]))
    disposition = str(raw.get("writeDisposition") or default)
    if disposition not in _DISPOSITIONS:
        raise InvalidError(
            f"Invalid value for writeDisposition: {disposition} is not a valid value"
        )
    return Destination(
        TableName(str(reference["projectId"]), str(reference["datasetId"]), table),
        partition,
        raw.get("createDisposition") != "CREATE_NEVER",
        disposition,
        frozenset(raw.get("schemaUpdateOptions") or []),
        raw,
    )


def target_fields(catalog: Catalog, destination: Destination) -> tuple[Field, ...] | None:
    """Return the fields of the destination as it stands, or None while it does not exist."""
    catalog.dataset_for_job(destination.name.parent)
    found = catalog.tables.get(destination.name)
    if found is None and not destination.create:
        raise NotFoundError(f"Not found: Table {destination.name}")
    return found.fields if found is not None else None


def prepare(
    catalog: Catalog, transaction: Transaction, destination: Destination, fields: Sequence[Field]
) -> Table:
    """Make the destination ready for rows with these fields, and return it."""
    existing = catalog.tables.get(destination.name)
    if existing is None:
        return _create(catalog, transaction, destination, fields)
    if existing.is_view:
        raise InvalidError(f"Table {destination.name} is a view; rows cannot be written to it")
    _same_partitioning(existing, destination)
    if destination.disposition == "WRITE_EMPTY":
        _refuse_rows(transaction, existing, destination)
    elif destination.disposition == "WRITE_TRUNCATE" and destination.partition is None:
        return _replace(catalog, transaction, existing, destination, fields)
    elif destination.disposition.startswith("WRITE_TRUNCATE"):
        transaction.cursor.execute(f"DELETE FROM {existing.source}{_where(existing, destination)}")
    return _adapted(catalog, transaction, existing, destination, fields)


def _create(
    catalog: Catalog, transaction: Transaction, destination: Destination, fields: Sequence[Field]
) -> Table:
    if not destination.create:
        raise NotFoundError(f"Not found: Table {destination.name}")
    resource = _resource(destination, fields)
    if destination.partition is not None and "timePartitioning" not in resource:
        raise UnsupportedError(
            "Creating a table partitioned by ingestion time is not supported here"
        )
    return catalog.create_table(transaction, destination.name, resource)


def _resource(destination: Destination, fields: Sequence[Field]) -> dict[str, Any]:
    raw = destination.configuration
    kept = {k: raw[k] for k in ("timePartitioning", "clustering") if raw.get(k)}
    kept |= raw.get("destinationTableProperties") or {}
    return {**kept, "schema": {"fields": [field_to_json(item) for item in fields]}}


def _replace(
    catalog: Catalog,
    transaction: Transaction,
    existing: Table,
    destination: Destination,
    fields: Sequence[Field],
) -> Table:
    resource = {**existing.resource, **_resource(destination, fields)}
    return catalog.create_table(transaction, existing.name, resource, replacing=True)


def _same_partitioning(existing: Table, destination: Destination) -> None:
    asked = destination.configuration.get("timePartitioning")
    if not asked:
        return
    has = existing.partitioning or {}
    keys = ("type", "field")
    if [asked.get(key) for key in keys] != [has.get(key) for key in keys]:
        raise InvalidError(
            f"Incompatible table partitioning specification. Expects partitioning specification "
            f"{_spec(has)}, but input partitioning specification is {_spec(asked)}"
        )


def _spec(partitioning: Mapping[str, Any]) -> str:
    if not partitioning:
        return "none"
    return f"interval(type:{partitioning.get('type')},field:{partitioning.get('field')})"


def _where(table: Table, destination: Destination) -> str:
    if destination.partition is None:
        return ""
    expression = partition_expression(table, destination.partition)
    return f" WHERE {expression} = '{destination.partition}'"


def _refuse_rows(transaction: Transaction, table: Table, destination: Destination) -> None:
    sql = f"SELECT EXISTS (FROM {table.source}{_where(table, destination)})"
    row = transaction.cursor.execute(sql).fetchone()
    if row is not None and row[0]:
        raise DuplicateError(f"Already Exists: Table {destination.name}")


def _adapted(
    catalog: Catalog,
    transaction: Transaction,
    table: Table,
    destination: Destination,
    fields: Sequence[Field],
) -> Table:
    has = {item.name.lower(): item for item in table.fields}
    added = [item for item in fields if item.name.lower() not in has]
    for item in fields:
        _compatible(table, has.get(item.name.lower()), item, destination)
    _all_required_given(table, fields)
    relaxed = _relaxed(has, fields, destination)
    if not added and not relaxed:
        return table
    if added and "ALLOW_FIELD_ADDITION" not in destination.options:
        raise mismatch(table.name, f"Cannot add fields (field: {added[0].name})")
    return _altered(catalog, transaction, table, added, relaxed)


def _relaxed(
    has: Mapping[str, Field], fields: Sequence[Field], destination: Destination
) -> list[Field]:
    if "ALLOW_FIELD_RELAXATION" not in destination.options:
        return []
    pairs = ((has.get(item.name.lower()), item) for item in fields)
    return [old for old, new in pairs if old is not None and old.required and not new.required]


def mismatch(name: TableName, detail: str) -> InvalidError:
    """Return the failure of a job whose schema is not the table's."""
    return InvalidError(f"Provided Schema does not match Table {name}. {detail}")


def _compatible(table: Table, has: Field | None, given: Field, destination: Destination) -> None:
    if has is None:
        return
    relaxing = has.required and "ALLOW_FIELD_RELAXATION" in destination.options
    if has.mode != given.mode and not relaxing:
        raise mismatch(
            table.name,
            f"Field {has.name} has changed mode from {has.mode} to {given.mode}",
        )
    if has.type != given.type:
        raise mismatch(
            table.name,
            f"Field {has.name} has changed type from {has.type} to {given.type}",
        )


def _all_required_given(table: Table, fields: Sequence[Field]) -> None:
    given = {item.name.lower() for item in fields}
    for item in table.fields:
        if item.required and item.name.lower() not in given:
            raise mismatch(table.name, f"Field {item.name} is missing in new schema")


def _altered(
    catalog: Catalog,
    transaction: Transaction,
    table: Table,
    added: Sequence[Field],
    relaxed: Sequence[Field],
) -> Table:
    for item in added:
        if item.required:
            raise mismatch(table.name, f"Cannot add required fields (field: {item.name})")
        ddl = column_ddl(item, constraints=False)
        transaction.cursor.execute(f"ALTER TABLE {table.source} ADD COLUMN {ddl}")
    for item in relaxed:
        column = quoted(item.name)
        transaction.cursor.execute(f"ALTER TABLE {table.source} ALTER {column} DROP NOT NULL")
    free = {item.name for item in relaxed}
    kept = [replace(f, mode="NULLABLE") if f.name in free else f for f in table.fields]
    schema = {"fields": [field_to_json(item) for item in (*kept, *added)]}
    changed = {**table.resource, "schema": schema, "lastModifiedTime": str(now_ms())}
    altered = table.with_resource(changed)
    catalog.put_table(transaction, altered)
    return altered


def insert(
    transaction: Transaction,
    table: Table,
    destination: Destination,
    fields: Sequence[Field],
    select: str,
) -> int:
    """Insert the rows of a SELECT, whose columns are these fields in order; return their number."""
    names = ", ".join(quoted(item.name) for item in fields)
    items = ", ".join(
        f"coalesce({quoted(f.name)}, CAST([] AS {f.type.duckdb})) AS {quoted(f.name)}"
        if f.type.element is not None
        else quoted(f.name)
        for f in fields
    )
    rows = f"SELECT {items} FROM ({select}) AS incoming({names})"
    if destination.partition is not None:
        rows = _checked(table, destination, rows)
    sql = f"INSERT INTO {table.source} ({names}) {rows}"
    row = transaction.cursor.execute(sql).fetchone()
    return int(row[0]) if row is not None else 0


def _checked(table: Table, destination: Destination, rows: str) -> str:
    expression = partition_expression(table, str(destination.partition))
    message = (
        "Some rows belong to different partitions rather than destination partition "
        f"{destination.name}${destination.partition}"
    ).replace("'", "''")
    return (
        f"SELECT * FROM ({rows}) WHERE CASE WHEN {expression} = '{destination.partition}' "
        f"THEN TRUE ELSE CAST(bq_fail('{message}') AS BOOLEAN) END"
    )


def fields_of(raw: Mapping[str, Any]) -> list[Field]:
    """Return the fields that a configuration's schema states; none if it states none."""
    return fields_from_json(raw.get("schema"))
