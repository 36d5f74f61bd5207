"""A connection that waits for notifications, and is silent meanwhile."""

import selectors
import socket
import ssl
from contextlib import suppress

from orders.engine import Connect, limit_silence
from orders_api.clients.transactions import Session


class Listener(Session):
    """A session that listens on a channel; each statement is a transaction of its own.

    Args:
        connect: Makes the connection.
        channel: Where to listen, an SQL name.
        silence_s: How long the server may take to answer a statement.
        waker: A socket that ends a wait when there is something to read on it.
    """

    def __init__(
        self, connect: Connect, channel: str, silence_s: float, waker: socket.socket
    ) -> None:
        super().__init__(connect, silence_s)
        self._silence_s = silence_s
        # Not select(): it takes no file numbers above 1,023.
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._connection._usock, selectors.EVENT_READ)  # noqa: SLF001  pg8000 has no public way to its socket
        self._selector.register(waker, selectors.EVENT_READ)
        self.command(f"LISTEN {channel}")

    def wait(self, seconds: float) -> None:
        """Return when there is a notification, or the waker says so, or time is over.

        It may return for nothing. A notification is taken by the next statement, whose answer
        comes behind it; a statement is also what finds that the connection is gone.
        """
        if not self._has_read_ahead():
            self._selector.select(seconds)

    def close(self) -> None:
        """Close the connection, which may be broken."""
        self._selector.close()
        super().close()

    def _has_read_ahead(self) -> bool:
        """Tell whether something came with the last answer: no selector sees it any more."""
        self._connection._usock.settimeout(0)  # noqa: SLF001  as above
        try:
            with suppress(ssl.SSLWantReadError):
                return bool(self._connection._sock.peek(1))  # noqa: SLF001  as above
            return False
        finally:
            limit_silence(self._connection, self._silence_s)
