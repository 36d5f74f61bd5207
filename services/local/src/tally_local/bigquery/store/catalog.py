from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tally_local.bigquery.errors import DuplicateError, InvalidError, NotFoundError
from tally_local.bigquery.store.database import Database, Transaction
from tally_local.bigquery.store.names import DatasetName, TableName
from tally_local.bigquery.types import Field, fields_from_json, quoted

_KEPT: Final = (
    "schema", "timePartitioning", "rangePartitioning", "clustering", "requirePartitionFilter",
    "description", "friendlyName", "labels", "expirationTime", "view",
)  # fmt: skip


def now_ms() -> int:
    """Return the time as the REST API writes it."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Table:
    """A table or a view, as the catalog knows it."""

    name: TableName
    resource: Mapping[str, Any]
    fields: tuple[Field, ...] = field(default=())

    @property
    def is_view(self) -> bool:
        """Whether it is a view."""
        return "view" in self.resource

    @property
    def source(self) -> str:
        """The DuckDB table to read."""
        return self.name.relation

    def column(self, name: str) -> str:
        """Return one column, widened to its type without parameters."""
        found = self.field(name)
        if found.precision is not None:
            return f"CAST({quoted(found.name)} AS {found.type.duckdb})"
        return quoted(found.name)

    def field(self, name: str) -> Field:
        """Return a field by its name, whatever its case."""
        return next(f for f in self.fields if f.name.lower() == name.lower())

    @property
    def partitioning(self) -> Mapping[str, Any] | None:
        """How it is partitioned by time, or None."""
        found: Mapping[str, Any] | None = self.resource.get("timePartitioning")
        return found

    @property
    def partition_filter(self) -> str | None:
        """The column that every query must filter by, or None."""
        part = self.partitioning
        if part is None or not self.resource.get("requirePartitionFilter"):
            return None
        return str(part.get("field") or "_PARTITIONTIME")

    def with_resource(self, resource: Mapping[str, Any]) -> Table:
        """Return the table with other metadata; its fields follow."""
        return replace(self, resource=resource, fields=_fields(resource))


def _fields(resource: Mapping[str, Any]) -> tuple[Field, ...]:
    return tuple(fields_from_json(resource.get("schema")))


class Catalog:
    """Datasets and tables, in memory; every change is written first and takes effect on commit."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.datasets: dict[DatasetName, dict[str, Any]] = {}
        self.tables: dict[TableName, Table] = {}
        with database.cursor() as cursor:
            for project, dataset, raw in cursor.execute("FROM _tally.datasets").fetchall():
                self.datasets[DatasetName(project, dataset)] = json.loads(raw)
            for project, dataset, table, raw in cursor.execute("FROM _tally.tables").fetchall():
                name = TableName(project, dataset, table)
                resource = json.loads(raw)
                self.tables[name] = Table(name, resource, _fields(resource))

    def dataset(self, name: DatasetName) -> dict[str, Any]:
        """Return a dataset's resource, or raise NotFoundError."""
        if name not in self.datasets:
            raise NotFoundError(f"Not found: Dataset {name}")
        return self.datasets[name]

    def dataset_for_job(self, name: DatasetName) -> dict[str, Any]:
        """Return a dataset's resource, or raise NotFoundError as a job does."""
        if name not in self.datasets:
            raise NotFoundError(f"Not found: Dataset {name} was not found in location US")
        return self.datasets[name]

    def table(self, name: TableName) -> Table:
        """Return a table, or raise NotFoundError as a query does."""
        dataset = self.datasets.get(name.parent)
        if dataset is None:
            raise NotFoundError(f"Not found: Dataset {name.parent} was not found in location US")
        if name not in self.tables:
            where = dataset.get("location", "US")
            raise NotFoundError(f"Not found: Table {name} was not found in location {where}")
        return self.tables[name]

    def tables_of(self, name: DatasetName) -> list[Table]:
        """Return a dataset's tables and views, by name."""
        return sorted(
            (t for t in list(self.tables.values()) if t.name.parent == name),
            key=lambda table: table.name,
        )

    def put_dataset(
        self, transaction: Transaction, name: DatasetName, resource: dict[str, Any]
    ) -> None:
        """Create a dataset, or change its metadata."""
        cursor = transaction.cursor
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {name.schema}")
        cursor.execute(
            "INSERT OR REPLACE INTO _tally.datasets VALUES ($project, $dataset, $resource)",
            {"project": name.project, "dataset": name.dataset, "resource": json.dumps(resource)},
        )
        transaction.after_commit.append(lambda: self.datasets.__setitem__(name, resource))

    def drop_dataset(self, transaction: Transaction, name: DatasetName) -> None:
        """Drop a dataset with all its tables."""
        self.dataset(name)
        for table in self.tables_of(name):
            self.drop_table(transaction, table.name)
        transaction.cursor.execute(f"DROP SCHEMA {name.schema} CASCADE")
        transaction.cursor.execute(
            "DELETE FROM _tally.datasets WHERE project = $project AND dataset = $dataset",
            {"project": name.project, "dataset": name.dataset},
        )
        transaction.after_commit.append(lambda: self.datasets.__delitem__(name))

    def create_table(
        self,
        transaction: Transaction,
        name: TableName,
        resource: Mapping[str, Any],
        *,
        replacing: bool = False,
    ) -> Table:
        """Create an empty table, or a view, and return it; `replacing` drops the old one."""
        self.dataset(name.checked().parent)
        if name in self.tables and replacing:
            self.drop_table(transaction, name)
        elif name in self.tables:
            raise DuplicateError(f"Already Exists: Table {name}")
        table = Table(name, new_resource(resource), _fields(resource))
        if not table.is_view:
            if not table.fields:
                table = table.with_resource({**table.resource, "schema": {"fields": []}})
            transaction.cursor.execute(table_ddl(table.source, table.fields))
        self.put_table(transaction, table)
        return table

    def put_table(self, transaction: Transaction, table: Table) -> None:
        """Write a table's metadata."""
        transaction.cursor.execute(
            "INSERT OR REPLACE INTO _tally.tables "
            "VALUES ($project, $dataset, $table_id, $resource)",
            {
                "project": table.name.project,
                "dataset": table.name.dataset,
                "table_id": table.name.table,
                "resource": json.dumps(table.resource),
            },
        )
        transaction.after_commit.append(lambda: self.tables.__setitem__(table.name, table))

    def drop_table(self, transaction: Transaction, name: TableName) -> None:
        """Drop a table or a view."""
        if not self.table(name).is_view:
            transaction.cursor.execute(f"DROP TABLE {name.relation}")
        transaction.cursor.execute(
            "DELETE FROM _tally.tables "
            "WHERE project = $project AND dataset = $dataset AND table_id = $table_id",
            {"project": name.project, "dataset": name.dataset, "table_id": name.table},
        )
        transaction.after_commit.append(lambda: self.tables.pop(name, None))


def new_resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a table's resource, with its times."""
    kept = {key: resource[key] for key in _KEPT if resource.get(key) is not None}
    if kept.get("rangePartitioning"):
        raise InvalidError("Partitioning by integer range is not supported here")
    return {**kept, "creationTime": str(now_ms()), "lastModifiedTime": str(now_ms())}


def table_ddl(relation: str, fields: tuple[Field, ...], kind: str = "TABLE") -> str:
    """Return the CREATE of a DuckDB table with these fields and their constraints."""
    columns = [column_ddl(item) for item in fields] or ["_empty BOOLEAN"]
    return f"CREATE {kind} {relation} ({', '.join(columns)})"


def column_ddl(item: Field, *, constraints: bool = True) -> str:
    """Return one column's definition."""
    of = item.type.duckdb
    if item.precision is not None and item.type.kind == "NUMERIC":
        of = f"DECIMAL({item.precision},{item.scale or 0})"
    parts = [quoted(item.name), of]
    if item.type.element is not None:
        parts.append(f"DEFAULT CAST([] AS {of})")
    if item.required and constraints:
        parts.append("NOT NULL")
    if item.max_length is not None and constraints:
        size = "octet_length" if item.type.kind == "BYTES" else "length"
        parts.append(f"CHECK ({size}({quoted(item.name)}) <= {item.max_length})")
    return " ".join(parts)
