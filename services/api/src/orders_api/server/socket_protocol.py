"""WebSockets, with limits on what a client that does not read may cost."""

import logging
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

SOCKETS: Final = b"/orders/events/ws"
"""How the path ends at which WebSockets are."""

UNREAD_S: Final = 60.0
"""How long what was written to a dropped client waits for it to go on."""

_SLOW: Final = 4408
_log = logging.getLogger(__name__)


class SocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket. `scope["state"]["drop"]` ends it though its client does not read."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # uvicorn's own has a line with the query of each, where a ticket may stand.
        self.logger = _log

    def handle_connect(self, event: Request) -> None:
        """Let the application answer."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            self.scope["state"]["drop"] = self.drop

    def keepalive_timeout(self) -> None:
        """Drop a client that does not answer to a ping."""
        self.drop(_SLOW, "slow")

    def drop(self, code: int, reason: str) -> None:
        """Close it, without waiting for the client."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()
        self.loop.call_later(UNREAD_S, self.transport.abort)
