"""The API's connections to Postgres."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from pg8000.exceptions import Error as DriverError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from orders.problems import Unavailable
from orders_api.clients.refusals import OUTCOME_UNKNOWN, is_lost, problem_of

_LOST_IN_COMMIT: Final = (
    "The database was lost while it committed, so the outcome is not known; look before you repeat."
)


class Database:
    """Hands out transactions, and answers what Postgres refuses as problems.

    Args:
        engine: Makes the connections.
        waiters: How many transactions may wait for others at once: a part of the pool and of the
            threads, or one row that somebody holds would keep everybody from everything.
    """

    def __init__(self, engine: Engine, *, waiters: int = 1) -> None:
        self._engine = engine
        self._waiters = BoundedSemaphore(waiters)

    @contextmanager
    def transaction(self, *, keyed: bool = False) -> Iterator[Connection]:
        """Yield a connection in a transaction that is committed when the block ends well.

        Args:
            keyed: Whether its request has an Idempotency-Key, which tells later what became of it.

        Raises:
            Problem: Postgres is away, busy, or refused a value; nothing was written, unless the
                detail says that the outcome is not known.
        """
        with _problems(), self._engine.connect() as connection:
            transaction = connection.begin()
            # An error leaves the transaction open, which closing the connection rolls back.
            yield connection
            with _problems(lost=OUTCOME_UNKNOWN if keyed else _LOST_IN_COMMIT):
                transaction.commit()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session on a transaction that is committed when the block ends well.

        Raises:
            Problem: As `transaction`.
        """
        with self.transaction() as connection, Session(connection) as session:
            yield session
            session.flush()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let a transaction wait for what another one holds, in the block.

        Raises:
            Unavailable: As many as may wait already.
        """
        if not self._waiters.acquire(blocking=False):
            detail = "Too many wait for what others hold; nothing was written."
            raise Unavailable(detail, retry_after_s=1)
        try:
            yield
        finally:
            self._waiters.release()

    def check(self) -> None:
        """Ask the database for something that only a migrated one has.

        Raises:
            Problem: It is away, or not migrated.
        """
        with self.transaction() as connection:
            connection.execute(text("SELECT FROM orders LIMIT 1"))


@contextmanager
def _problems(lost: str | None = None) -> Iterator[None]:
    """Raise what the database and its driver raise as problems; `lost` says what a loss means."""
    try:
        yield
    except PoolTimeoutError as error:
        detail = "All connections to the database are busy; nothing was written."
        raise Unavailable(detail) from error
    except (DBAPIError, DriverError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if lost is not None and is_lost(cause):
            raise Unavailable(lost) from error
        raise problem_of(cause) or error from error


def copy_in(connection: Connection, statement: str, blocks: Iterable[bytes]) -> int:
    """Run `COPY … FROM STDIN` in the connection's transaction and return the rows written."""
    cursor = connection.connection.cursor()
    cursor.execute(statement, stream=blocks)  # type: ignore[call-arg]  # pg8000's own
    return int(cursor.rowcount)
