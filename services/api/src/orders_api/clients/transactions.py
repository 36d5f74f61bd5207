"""Transactions whose outcome is known, even when the connection is lost while they commit."""

from collections.abc import Callable
from contextlib import suppress
from threading import Event
from time import monotonic
from typing import Any, Final, NamedTuple, TypeVar

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import PreparedStatement

from orders.engine import Connect, limit_silence
from orders.problems import Unavailable
from orders_api.clients.refusals import OUTCOME_UNKNOWN, fields_of, is_lost

T = TypeVar("T")

_LOST: Final = (InterfaceError, OSError)
_POLL_S: Final = 0.05
# A migration changed what a prepared statement stands for.
_STALE: Final = {"0A000", "26000"}

# A crash may lose an id that was given, and give it again. It resets the statistics; a server
# that is stopped in good order keeps them (Postgres 15 and 18, tried).
_LIFE: Final = "pg_stat_get_bgwriter_stat_reset_time()::text"
# A backend whose client is gone without a word would keep its locks for hours.
_BEGIN: Final = f"""
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL idle_in_transaction_session_timeout = {{silence_ms}};
    SELECT pg_current_xact_id()::text, {_LIFE}"""
_STATUS: Final = f"SELECT pg_xact_status(CAST(:id AS xid8)), {_LIFE}"
_NOT_GIVEN: Final = "22023"
# A backend that did not notice the loss would keep the outcome open as long as it lives.
_TERMINATE: Final = f"""
    SELECT pg_terminate_backend(pid, CAST(:wait_ms AS bigint)) FROM pg_stat_activity
    WHERE backend_xid = CAST(CAST(:id AS xid8) AS xid) AND pid <> pg_backend_pid()
        AND {_LIFE} = :life"""


class ConnectionLostError(Exception):
    """The connection is gone, and with it a transaction that was not committed."""


class UnreachableError(Unavailable):
    """No connection to the database is to be had."""


class _Transaction(NamedTuple):
    id: str
    life: str
    """Of the server: the time in which it gives an id only once."""


class Session:
    """One connection; each statement is prepared once on it.

    Args:
        connect: Makes the connection.
        silence_s: How long the server may be silent before the connection counts as lost.
    """

    def __init__(self, connect: Connect, silence_s: float) -> None:
        self._connection = connect()
        limit_silence(self._connection, silence_s)
        self._prepared: dict[str, PreparedStatement] = {}

    def run(self, statement: str, **values: str | int | None) -> list[list[Any]]:
        """Return the rows of a statement, whose parameters are written `:name`."""
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = PreparedStatement(self._connection, statement)
            self._prepared[statement] = prepared
        rows: list[list[Any]] = prepared.run(**values)
        return rows

    def command(self, commands: str) -> list[list[Any]]:
        """Return the rows of commands without parameters, sent at once."""
        rows: list[list[Any]] = self._connection.execute_simple(commands).rows
        return rows

    def close(self) -> None:
        """Close the connection, which may be broken."""
        with suppress(*_LOST):
            self._connection.close()


class Transactions:
    """Runs transactions on a connection of its own, made anew when it breaks.

    Not safe for threads at once.

    Args:
        connect: Makes a connection.
        silence_s: How long the server may be silent before the connection counts as lost.
        patience_s: How long to find out what became of a transaction that was lost in COMMIT.
    """

    def __init__(self, connect: Connect, *, silence_s: float = 10, patience_s: float = 10) -> None:
        self._connect = connect
        self._silence_s = silence_s
        self._patience_s = patience_s
        self._session: Session | None = None

    def run(self, work: Callable[[Session], T]) -> T:
        """Return what `work` returns once that is committed.

        A transaction that was lost before it was committed is run once more: the server closes
        connections that were idle, and restarts.

        Raises:
            UnreachableError: No connection is to be had; nothing was written.
            Unavailable: The database went away. The detail says if the outcome is unknown;
                otherwise nothing was written.
            pg8000.exceptions.DatabaseError: Postgres refused; nothing was written.
        """
        try:
            try:
                return self._attempt(work)
            except ConnectionLostError:
                return self._attempt(work)
        except ConnectionLostError as error:
            raise Unavailable("The database went away; nothing was written.") from error

    def close(self) -> None:
        """Close the connection."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _attempt(self, work: Callable[[Session], T]) -> T:
        session, transaction = self._begin()
        try:
            result = work(session)
        except Exception as error:
            self._roll_back(session, transaction, error)
            raise
        try:
            session.command("COMMIT")
        except (DatabaseError, *_LOST) as error:
            self.close()
            self._require_commit(transaction, error)
        return result

    def _begin(self) -> tuple[Session, _Transaction]:
        session = self._session = self._session or self._new_session()
        try:
            begin = _BEGIN.format(silence_ms=round(self._silence_s * 1000))
            [[transaction_id, life]] = session.command(begin)
        except (DatabaseError, *_LOST) as error:
            self.close()
            raise ConnectionLostError(str(error)) from error
        return session, _Transaction(transaction_id, life)

    def _new_session(self) -> Session:
        try:
            return Session(self._connect, self._silence_s)
        except (DatabaseError, *_LOST) as error:
            detail = "The database cannot be reached; nothing was written."
            raise UnreachableError(detail) from error

    def _roll_back(self, session: Session, transaction: _Transaction, cause: Exception) -> None:
        """End the transaction.

        Raises:
            ConnectionLostError: That is what caused it, or came of it.
        """
        try:
            if _needs_a_new_session(cause):
                raise cause
            session.command("ROLLBACK")
        except (DatabaseError, *_LOST) as error:
            self.close()
            # The next attempt needs the locks that its backend may still hold.
            self._ask(transaction)
            raise ConnectionLostError(str(error)) from error

    def _require_commit(self, transaction: _Transaction, error: Exception) -> None:
        """Return if the transaction was committed all the same."""
        status = self._outcome(transaction)
        if status == "aborted":
            if isinstance(error, DatabaseError) and not is_lost(error):
                raise error
            raise ConnectionLostError(str(error)) from error
        if status != "committed":
            raise Unavailable(OUTCOME_UNKNOWN) from error

    def _outcome(self, transaction: _Transaction) -> str | None:
        """Ask Postgres what became of a transaction, until it says so or patience ends."""
        deadline = monotonic() + self._patience_s
        pause = Event()
        while monotonic() < deadline:
            status = self._ask(transaction)
            if status in {"committed", "aborted", "unknown"}:
                return status
            pause.wait(_POLL_S)
        return None

    def _ask(self, transaction: _Transaction) -> str | None:
        """Return what Postgres says of a transaction, which it ends if it has not noticed."""
        session = None
        try:
            session = Session(self._connect, self._silence_s)
            session.run(_TERMINATE, **transaction._asdict(), wait_ms=round(self._silence_s * 500))
            [[status, life]] = session.run(_STATUS, id=transaction.id)
        except (DatabaseError, *_LOST) as error:
            # An id that it lost in a crash, and has not given again yet.
            return "aborted" if fields_of(error).get("C") == _NOT_GIVEN else None
        finally:
            if session is not None:
                session.close()
        if status != "aborted" and life != transaction.life:
            return "unknown"
        return str(status)


def _needs_a_new_session(error: Exception) -> bool:
    return is_lost(error) or fields_of(error).get("C") in _STALE
