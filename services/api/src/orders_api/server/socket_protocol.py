"""WebSockets, with limits on what a client that does not read may cost."""

import asyncio
import logging
from typing import Any, Final

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from orders_api.server.output import Output

SOCKETS: Final = b"/orders/events/ws"
"""How the path ends at which WebSockets are."""

UNREAD_S: Final = 60.0
"""How long what was written to a dropped client waits for it to go on."""

_SLOW: Final = 4408
_NOISY: Final = 1008
_MOST_UNREAD: Final = 2**16
# Pings, pongs and fragments: for a day, one every nine seconds. They bypass the application.
_MOST_FRAMES: Final = 10_000
_log = logging.getLogger(__name__)


class SocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket.

    `scope["state"]["drop"]` ends it though its client does not read, `reset` breaks it off. The
    server calls `check_time` now and then.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # uvicorn's own has a line with the query of each, where a ticket may stand.
        self.logger = _log
        self._output = Output(self.app_state["settings"])
        self._frames = 0
        self._dropped = False
        self._abort: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application."""
        super().connection_lost(exc)
        if self._abort is not None:
            self._abort.cancel()

    def resume_writing(self) -> None:
        """Go on, for the client has taken something."""
        self._output.taken(self.loop.time())
        super().resume_writing()

    def check_time(self, now: float) -> None:
        """Break it off if its client takes nothing; `now` is the time of the event loop."""
        if self._output.is_stuck(self.transport.get_write_buffer_size(), now):
            _log.warning("broken off: its client took nothing for too long")
            self.transport.abort()

    def handle_connect(self, event: Request) -> None:
        """Let the application answer."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            self.scope["state"]["drop"] = self.drop
            self.scope["state"]["reset"] = self.transport.abort

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment of a message."""
        if self._is_counted():
            super().handle_cont(event)

    def handle_pong(self, event: Frame) -> None:
        """Take an answer to a ping, or one to none."""
        if self._is_counted():
            super().handle_pong(event)

    def handle_ping(self) -> None:
        """Answer, but only to a client that reads."""
        pong = b"".join(self.conn.data_to_send())
        if self._is_counted() and self.transport.get_write_buffer_size() <= _MOST_UNREAD:
            self.transport.write(pong)

    def keepalive_timeout(self) -> None:
        """Drop a client that does not answer to a ping."""
        _log.warning("broken off: its client did not answer to a ping")
        self.drop(_SLOW, "slow")

    def drop(self, code: int, reason: str) -> None:
        """Close it, without waiting for the client; it is broken off when the client goes on."""
        self._dropped = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._abort_later()
        if self.conn.state is State.OPEN:
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def shutdown(self) -> None:
        """Close it; what is still to be answered, the application answers."""
        try:
            if self.transport.is_closing():
                self.transport.abort()
            elif self.handshake_complete:
                super().shutdown()
        except Exception:  # noqa: BLE001  one connection must not keep the rest from ending
            _log.exception("a WebSocket could not be closed")
            self.transport.abort()

    async def send(self, message: ASGISendEvent) -> None:
        """Send what the application has."""
        if self._dropped:
            raise ClientDisconnected
        await super().send(message)

    async def run_asgi(self) -> None:
        """Serve it; what is unread when the application has ended waits only so long."""
        try:
            await super().run_asgi()
        finally:
            self._abort_later()

    def _is_counted(self) -> bool:
        """Tell whether a frame is still one of those that a client may send."""
        self._frames += 1
        if self._frames == _MOST_FRAMES:
            _log.warning("broken off: its client sent too many frames")
            self.drop(_NOISY, "noisy")
        return self._frames < _MOST_FRAMES

    def _abort_later(self) -> None:
        if self._abort is None and not self.disconnected:
            self._abort = self.loop.call_later(UNREAD_S, self.transport.abort)
