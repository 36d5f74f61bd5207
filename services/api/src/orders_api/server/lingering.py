"""Closing a connection whose client is still sending, so that it reads the answer.

A socket that is closed with bytes unread resets the connection, and the client's system may throw
away the answer with it. So the answer is ended first (FIN), and what comes is dropped for a while.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

_PATIENCE_S: Final = 2.0
_MOST_BYTES: Final = 64 * 2**20


class LingeringTransport:
    """A transport that closes once its peer has had time to read what was written.

    Args:
        transport: The real one.
        is_sending: Whether the peer is in the middle of a request.
        loop: Where the connection lives.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        is_sending: Callable[[], bool],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._transport = transport
        self._is_sending = is_sending
        self._loop = loop
        self._left = _MOST_BYTES
        self.lingers = False
        # The real ones, so that they cost nothing more.
        self.write = transport.write
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.abort = transport.abort

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Tell whether nothing more may be written."""
        return self.lingers or self._transport.is_closing()

    def close(self) -> None:
        """Close it when all is written, and read if the peer is sending."""
        if self.is_closing():
            return
        if not self._is_sending() or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.lingers = True
        self._transport.write_eof()
        if not self._transport.is_reading():
            self._transport.resume_reading()
        self._loop.call_later(_PATIENCE_S, self._transport.close)

    def close_now(self) -> None:
        """Close it, whatever the peer does."""
        self._transport.close()

    def drop(self, data: bytes) -> None:
        """Take what a peer still sends, up to a limit."""
        self._left -= len(data)
        if self._left < 0:
            self._transport.abort()
