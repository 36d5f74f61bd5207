"""COPY out of Postgres on a connection of its own, which another thread may interrupt."""

import logging
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, Protocol

from pg8000.exceptions import DatabaseError, InterfaceError

from orders.engine import Connect
from orders_api.clients.refusals import problem_of

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Takes the rows of a COPY."""

    def write(self, row: bytes, /) -> object:
        """Take one whole row, with the line feed at its end."""


class Copying:
    """A connection that copies. Used by one thread; `interrupt` is for the others.

    Args:
        connect: Makes the connection.

    Raises:
        Problem: The database cannot be reached.
    """

    def __init__(self, connect: Connect) -> None:
        with problems():
            self._connection = connect()
            [[self.pid]] = self.command("SELECT pg_backend_pid()")

    def command(self, commands: str) -> list[list[Any]]:
        """Return the rows of commands without parameters; each commits unless BEGIN came first.

        Raises:
            Problem: The database went away, or is busy.
        """
        with problems():
            rows: list[list[Any]] = self._connection.execute_simple(commands).rows
        return rows

    def copy(self, statement: str, sink: Sink) -> None:
        """Run `COPY … TO STDOUT`, a write for each row. What `sink` raises ends it.

        Raises:
            Problem: The database went away, or gave up.
        """
        with problems():
            self._connection.execute_unnamed(statement, stream=sink)

    def interrupt(self) -> None:
        """End at once what the connection does: the thread that uses it gets a Problem."""
        # pg8000 has no public way to its socket. Plain shutdown, below TLS too.
        sock = self._connection._usock  # noqa: SLF001
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, which may be broken."""
        with suppress(InterfaceError, OSError):
            self._connection.close()


@contextmanager
def problems() -> Iterator[None]:
    """Raise what the driver raises as problems."""
    try:
        yield
    except (DatabaseError, InterfaceError, OSError) as error:
        raise problem_of(error) or error from error


def terminate(connect: Connect, pid: int) -> None:
    """End a backend of ours whose connection was given up: it would notice when it has a row."""
    try:
        with closing(connect()) as connection:
            connection.execute_simple(f"SELECT pg_terminate_backend({pid:d})")
    except (DatabaseError, InterfaceError, OSError) as error:
        _log.warning("backend %d ends when its statement_timeout is over: %r", pid, error)
