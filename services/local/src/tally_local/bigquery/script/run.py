from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.dml import compile_dml
from tally_local.bigquery.compile.partition_filter import require_partition_filters
from tally_local.bigquery.compile.query import Compiled, compile_condition, compile_query
from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import InvalidQueryError
from tally_local.bigquery.jobs.deposit import insert, prepare, read_destination
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.jobs.wire import Result
from tally_local.bigquery.script.ddl import Ddl, is_temporary, run_ddl
from tally_local.bigquery.script.names import Resolved, Resolver
from tally_local.bigquery.script.session import Session
from tally_local.bigquery.script.spec import QuerySpec
from tally_local.bigquery.store.database import Transaction
from tally_local.bigquery.types import BqType, Field

_DML: Final = {
    "ResolvedInsertStmt": "INSERT",
    "ResolvedUpdateStmt": "UPDATE",
    "ResolvedDeleteStmt": "DELETE",
    "ResolvedMergeStmt": "MERGE",
    "ResolvedTruncateStmt": "TRUNCATE_TABLE",
}


_NAMES: Final = {
    "ResolvedAssertStmt": "ASSERT",
    "ResolvedCreateTableStmt": "CREATE_TABLE",
    "ResolvedCreateTableAsSelectStmt": "CREATE_TABLE_AS_SELECT",
    "ResolvedCreateViewStmt": "CREATE_VIEW",
    "ResolvedCreateSchemaStmt": "CREATE_SCHEMA",
    "ResolvedDropStmt": "DROP_TABLE",
    "ResolvedAlterTableStmt": "ALTER_TABLE",
    "ResolvedAlterTableSetOptionsStmt": "ALTER_TABLE",
}


@dataclass
class Runner:
    """Runs the statements of one query job, one after the other, in one session."""

    engine: Engine
    spec: QuerySpec
    job: Job
    session: Session
    is_script: bool
    last: bool = False
    result: Result | None = None
    types: list[str] = field(default_factory=list)

    @property
    def resolver(self) -> Resolver:
        """Names as they stand now: DDL and DECLARE change them between statements."""
        return Resolver(
            self.engine.analyzers.get(),
            self.engine.catalog,
            self.spec.project,
            self.spec.default_dataset,
            self.session.temporary,
            self.session.variable_types,
        )

    def resolve(self, sql: str) -> Resolved:
        """Resolve a statement's names and types."""
        resolved = self.resolver.resolve(sql, self.spec.parameters.types)
        require_partition_filters(resolved.node, resolved.relations)
        return resolved

    def values(self, bindings: Mapping[str, BqType]) -> dict[str, Any]:
        """Return the values that a compiled statement binds."""
        known = dict(self.spec.parameters.values)
        known |= {f"v_{name}": v for name, v in self.session.variable_values.items()}
        known["bq_now"] = _now()
        return {name: known[name] for name in bindings}

    def statement(self, sql: str) -> None:
        """Run one SQL statement of whatever kind."""
        resolved = self.resolve(sql)
        kind = resolved.node.kind
        if kind == "ResolvedQueryStmt":
            self._query(resolved)
        elif kind in _DML:
            self._dml(resolved)
        elif kind == "ResolvedAssertStmt":
            self._assert(resolved.node, resolved)
        else:
            self._ddl(resolved)

    def select(self, compiled: Compiled, resolved: Resolved) -> Result:
        """Run a compiled query and keep its rows."""
        values = self.values({**resolved.bindings(), **compiled.bindings})
        rows = self.session.fetch(compiled.sql, values)
        return Result(compiled.columns, rows)

    def _query(self, resolved: Resolved) -> None:
        compiled = compile_query(resolved.node, resolved.relations)
        self.types.append("SELECT")
        if self.spec.destination is not None and not self.is_script:
            self._into_destination(compiled, resolved)
            return
        self.result = self.select(compiled, resolved)

    def _into_destination(self, compiled: Compiled, resolved: Resolved) -> None:
        target = read_destination(self.spec.destination or {}, "WRITE_EMPTY")
        fields = [
            Field(name, of, "REPEATED" if of.element else "NULLABLE")
            for name, of in compiled.columns
        ]
        values = self.values({**resolved.bindings(), **compiled.bindings})
        with self.session.writing() as (transaction, _):
            # Read before the destination is emptied: the query may read it.
            self.session.run(f"CREATE OR REPLACE TEMP TABLE bq_rows AS {compiled.sql}", values)
            table = prepare(self.engine.catalog, transaction, target, fields)
            insert(transaction, table, target, fields, "FROM temp.main.bq_rows")
            rows = self.session.fetch("FROM temp.main.bq_rows", {})
            self.session.run("DROP TABLE temp.main.bq_rows", {})
            self.result = Result(compiled.columns, rows)
            self._record(transaction)

    def _dml(self, resolved: Resolved) -> None:
        compiled = compile_dml(resolved.node, resolved.relations)
        kind = _DML[resolved.node.kind]
        values = self.values({**resolved.bindings(), **compiled.bindings})
        with self.session.writing() as (transaction, own):
            counts = _counts(kind, self.session.run(compiled.sql, values).fetchall())
            self._count(kind, counts)
            if own:
                self._record(transaction)

    def _count(self, kind: str, counts: Mapping[str, int]) -> None:
        self.types.append(kind)
        self.result = None
        self.job.affected = sum(counts.values())
        stats = self.job.statistics.setdefault("query", {})
        stats["numDmlAffectedRows"] = str(self.job.affected)
        stats["dmlStats"] = {f"{name}RowCount": str(count) for name, count in counts.items()}

    def _assert(self, node: Node, resolved: Resolved) -> None:
        self.types.append("ASSERT")
        if not self.condition(node.expression, resolved):
            reason = f": {node.description}" if node.description else ""
            raise InvalidQueryError(f"Assertion failed{reason}")

    def condition(self, node: Node, resolved: Resolved) -> Any:
        """Return the value of one expression."""
        compiled = compile_condition(node, resolved.relations)
        values = self.values({**resolved.bindings(), **compiled.bindings})
        # All rows: DuckDB lets nobody else use the cursor before the last one is fetched.
        rows = self.session.run(compiled.sql, values).fetchall()
        return rows[0][0] if rows else None

    def _ddl(self, resolved: Resolved) -> None:
        temporary = is_temporary(resolved.node, self.session)
        if self.session.transaction is not None and not temporary:
            raise InvalidQueryError(
                "DDL statements are not supported in a transaction, except for those creating or "
                "dropping temporary tables or temporary functions."
            )
        with self.session.writing() as (transaction, own):
            ddl = Ddl(
                self.session, transaction, self.engine.catalog, self.resolver,
                self.engine.location, resolved, self.values,
            )  # fmt: skip
            self.types.append(run_ddl(ddl))
            self.result = None
            if own:
                self._record(transaction)

    def commit(self) -> None:
        """Commit the script's transaction, and with it what is known of the job."""
        transaction = self.session.ended("COMMIT")
        try:
            self._record(transaction)
            transaction.commit()
        except BaseException:
            transaction.rollback()
            raise

    def _record(self, transaction: Transaction) -> None:
        if self.last:
            self.describe()
            self.engine.registry.record_end(transaction.cursor, self.job)
        else:
            self.engine.registry.record_progress(transaction.cursor, self.job)

    def describe(self) -> None:
        """Write what is known of the outcome into the job."""
        stats = self.job.statistics.setdefault("query", {})
        kind = "SCRIPT" if self.is_script else (self.types or ["SELECT"])[-1]
        stats |= {"statementType": kind, "totalBytesProcessed": "0", "totalBytesBilled": "0"}
        stats |= {"cacheHit": False}
        self.job.result = self.result
        if self.result is not None:
            stats["schema"] = self.result.schema()


def statement_type(kind: str) -> str:
    """Return how a job's statistics name a statement, by its resolved node's kind."""
    return _DML.get(kind) or _NAMES.get(kind, "SELECT")


def _counts(kind: str, rows: list[tuple[Any, ...]]) -> dict[str, int]:
    if kind == "MERGE":
        actions = [str(row[0]) for row in rows]
        names = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}
        return {name: actions.count(action) for name, action in names.items()}
    count = int(rows[0][0]) if rows else 0
    name = {"INSERT": "inserted", "UPDATE": "updated"}.get(kind, "deleted")
    return {name: count}


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
