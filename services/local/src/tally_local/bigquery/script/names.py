from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.analyzer.service import Analyzer, Scope, TableSource
from tally_local.bigquery.compile.partition_filter import require_partition_filters
from tally_local.bigquery.compile.query import compile_query
from tally_local.bigquery.errors import (
    InvalidError,
    InvalidQueryError,
    NotFoundError,
    UnsupportedError,
)
from tally_local.bigquery.script.schema_views import information_view
from tally_local.bigquery.store.catalog import Catalog, Table
from tally_local.bigquery.store.names import DatasetName, TableName
from tally_local.bigquery.types import BqType, quoted


@dataclass(frozen=True)
class ViewRelation:
    """A view, expanded: its query stands where a table's name would."""

    sql: str
    columns: tuple[tuple[str, BqType], ...]
    bindings: dict[str, BqType]

    @property
    def source(self) -> str:
        """The view's query, in parentheses."""
        return f"({self.sql})"

    def column(self, name: str) -> str:
        """Return one column."""
        return quoted(next(n for n, _ in self.columns if n.lower() == name.lower()))


@dataclass
class Resolved:
    """A statement's tree, and the relations that it reads and writes."""

    node: Node
    relations: dict[str, Any]

    def bindings(self) -> dict[str, BqType]:
        """Return the values that expanded views bind."""
        found: dict[str, BqType] = {}
        for relation in self.relations.values():
            found.update(getattr(relation, "bindings", {}))
        return found


@dataclass
class Resolver:
    """Finds what a statement's names mean, and asks Google's analyzer about the rest."""

    analyzer: Analyzer
    catalog: Catalog
    project: str
    default_dataset: DatasetName | None
    temporary: Mapping[str, Table] = field(default_factory=dict)
    variables: Mapping[str, BqType] = field(default_factory=dict)

    def table_name(self, path: Sequence[str]) -> TableName:
        """Return the table that a path of names means."""
        parts = ".".join(path).split(".")
        if len(parts) > 3:  # noqa: PLR2004 - project, dataset, table
            return TableName(".".join(parts[:-2]), parts[-2], parts[-1])
        if len(parts) == 3:  # noqa: PLR2004 - as above
            return TableName(*parts)
        if len(parts) == 2:  # noqa: PLR2004 - dataset, table
            return TableName(self.project, *parts)
        if self.default_dataset is None:
            raise InvalidError(
                f'Table "{parts[0]}" must be qualified with a dataset (e.g. dataset.table).'
            )
        return TableName(self.default_dataset.project, self.default_dataset.dataset, parts[0])

    def resolve(self, sql: str, parameters: Mapping[str, BqType] | Sequence[BqType]) -> Resolved:
        """Resolve a statement; a table that does not exist is a 404 of its own."""
        relations: dict[str, Any] = {}
        sources: dict[tuple[str, ...], TableSource] = {}
        missing: list[NotFoundError | InvalidError] = []
        for path in self.analyzer.table_paths(sql):
            try:
                sources[path] = self._source(path, relations)
            except (NotFoundError, InvalidError) as error:
                missing.append(error)
        ordered = sorted(sources.values(), key=lambda source: source.path)
        scope = Scope(tuple(ordered), tuple(sorted(self.variables.items())))
        try:
            node = self.analyzer.resolve(sql, scope, parameters)
        except InvalidQueryError as refusal:
            if missing and "not found" in refusal.message:
                raise missing[0] from refusal
            raise
        return Resolved(node, relations)

    def _source(self, path: tuple[str, ...], relations: dict[str, Any]) -> TableSource:
        if len(path) == 1 and path[0].lower() in self.temporary:
            table = self.temporary[path[0].lower()]
            return self._table_source(path, table, relations)
        if "INFORMATION_SCHEMA" in (part.upper() for part in ".".join(path).split(".")):
            return self._information(path, relations)
        name = self.table_name(path)
        if name.table.endswith("*"):
            raise UnsupportedError(
                f"Wildcard tables are not supported by the local BigQuery endpoint: {name}"
            )
        table = self.catalog.table(name)
        if table.is_view:
            view = self.expand(table)
            relations[name.full] = view
            return TableSource(path, name.full, view.columns)
        return self._table_source(path, table, relations)

    @staticmethod
    def _table_source(
        path: tuple[str, ...], table: Table, relations: dict[str, Any]
    ) -> TableSource:
        relations[table.name.full] = table
        columns = tuple((item.name, item.type) for item in table.fields)
        return TableSource(path, table.name.full, columns)

    def _information(self, path: tuple[str, ...], relations: dict[str, Any]) -> TableSource:
        parts = ".".join(path).split(".")
        prefix = parts[: [part.upper() for part in parts].index("INFORMATION_SCHEMA")]
        dataset = self.table_name([*prefix, "_"]).parent if prefix else self.default_dataset
        if dataset is None:
            raise InvalidError("INFORMATION_SCHEMA must be qualified with a dataset")
        sql, columns = information_view(self.catalog, dataset, parts[-1].upper())
        full = f"{dataset.project}.{dataset.dataset}.{parts[-1].upper()}"
        relations[full] = ViewRelation(sql, columns, {})
        return TableSource(path, full, columns)

    def expand(self, view: Table) -> ViewRelation:
        """Compile a view's query as it stands today; names in it are relative to no dataset."""
        inner = Resolver(self.analyzer, self.catalog, view.name.project, None)
        resolved = inner.resolve(str(view.resource["view"]["query"]), {})
        try:
            require_partition_filters(resolved.node, resolved.relations)
        except InvalidQueryError as error:
            # Google's service sees a filter through the view; here it must stand inside.
            raise UnsupportedError(f"In view {view.name}: {error.message}") from error
        compiled = compile_query(resolved.node, resolved.relations)
        bindings = {**resolved.bindings(), **compiled.bindings}
        return ViewRelation(compiled.sql, compiled.columns, bindings)
