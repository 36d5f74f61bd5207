from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import duckdb

from tally_local.bigquery.store.failures import translated


def script(name: str) -> str:
    """Return one of the SQL files beside this module."""
    return resources.files("tally_local.bigquery.store").joinpath(name).read_text()


@dataclass
class Transaction:
    """An open DuckDB transaction, and what is to follow once it has committed."""

    cursor: duckdb.DuckDBPyConnection
    after_commit: list[Callable[[], object]] = field(default_factory=list)

    def commit(self) -> None:
        """Make everything durable, then let the memory follow."""
        self.cursor.execute("COMMIT")
        for follow in self.after_commit:
            follow()
        self.after_commit.clear()

    def rollback(self) -> None:
        """Undo everything; the memory never knew of it."""
        self.after_commit.clear()
        try:
            self.cursor.execute("ROLLBACK")
        except duckdb.TransactionException:
            # A failed COMMIT has ended the transaction already.
            return


class Database:
    """The one DuckDB file. Readers see snapshots and never wait; writers take turns.

    Taking turns makes every transaction serialisable: none can conflict, no update is lost.
    """

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._root = duckdb.connect(str(data_dir / "bigquery.duckdb"))
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        self.writing = threading.RLock()
        for name in ("schema.sql", "macros.sql"):
            self._root.execute(script(name))

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own; the caller closes it."""
        return self._root.cursor()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Run a block as one transaction, after all other writers: all of it, or nothing."""
        with self.writing, self.note() as transaction:
            yield transaction

    @contextmanager
    def note(self) -> Iterator[Transaction]:
        """Run a block as one transaction that only adds rows nobody else writes.

        It waits for no writer: a finished SELECT is recorded while a long load runs.
        """
        with self.cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION")
            transaction = Transaction(cursor)
            try:
                yield transaction
                transaction.commit()
            except duckdb.Error as error:
                transaction.rollback()
                raise translated(error) from error
            except BaseException:
                transaction.rollback()
                raise

    def close(self) -> None:
        """Write the log into the file and let go of it."""
        self._root.close()
