from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from tally_local.bigquery.errors import InvalidQueryError
from tally_local.bigquery.store.catalog import Table
from tally_local.bigquery.store.database import Transaction
from tally_local.bigquery.store.failures import translated
from tally_local.bigquery.types import BqType


@dataclass
class Session:
    """One script's connection: its transaction, its temporary tables, its variables."""

    cursor: duckdb.DuckDBPyConnection
    transaction: Transaction | None = None
    temporary: dict[str, Table] = field(default_factory=dict)
    variable_types: dict[str, BqType] = field(default_factory=dict)
    variable_values: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Open the script's transaction."""
        if self.transaction is not None:
            raise InvalidQueryError(
                "Transaction is already active; nested transactions are not allowed"
            )
        self.transaction = Transaction(self.cursor)
        self.cursor.execute("BEGIN TRANSACTION")

    def ended(self, statement: str) -> Transaction:
        """Return the open transaction, which the statement is about to end."""
        if self.transaction is None:
            raise InvalidQueryError(f"{statement} TRANSACTION: there is no active transaction")
        transaction, self.transaction = self.transaction, None
        return transaction

    def abandon(self) -> None:
        """Roll back what a failed, or unfinished, script left open."""
        if self.transaction is not None:
            self.ended("ROLLBACK").rollback()

    @contextmanager
    def writing(self) -> Iterator[tuple[Transaction, bool]]:
        """Give the transaction to write in; the flag says whether it is this statement's own.

        A statement outside of BEGIN … COMMIT commits by itself, after the caller's block.
        """
        if self.transaction is not None:
            yield self.transaction, False
            return
        own = Transaction(self.cursor)
        self.cursor.execute("BEGIN TRANSACTION")
        try:
            yield own, True
            own.commit()
        except duckdb.Error as error:
            own.rollback()
            raise translated(error) from error
        except BaseException:
            own.rollback()
            raise

    def run(self, sql: str, values: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
        """Execute DuckDB SQL; its failures come out as BigQuery's."""
        try:
            return self.cursor.execute(sql, dict(values) or None)
        except duckdb.Error as error:
            raise translated(error) from error

    def fetch(self, sql: str, values: Mapping[str, Any]) -> pa.Table:
        """Run a query and return its rows, column by column."""
        try:
            return self.cursor.sql(sql, params=dict(values) or None).to_arrow_table()
        except duckdb.Error as error:
            raise translated(error) from error
