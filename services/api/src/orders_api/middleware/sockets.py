"""What every WebSocket gets: an id, headers in the answer, a line in the log when it ends."""

from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders_api.logs import Answered, access_log, note_request
from orders_api.middleware.envelope import chosen_id
from orders_api.middleware.headers import PROTECTION
from orders_api.schemas.trace import read_traceparent

_SWITCHED: Final = 101
_FAILED: Final = 500
_REFUSED: Final = 403


class SocketEnvelope:
    """Does for WebSockets what `Envelope` does for requests; the status is that of the handshake.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a WebSocket, as ASGI asks."""
        begun = perf_counter()
        given = dict(scope["headers"])
        request_id = chosen_id(given.get(b"x-request-id", b""))
        state = scope["state"]
        state["request_id"] = request_id.decode()
        state["trace"] = read_traceparent(given.get(b"traceparent"))
        note_request(state)
        status, size = _FAILED, 0

        async def send_whole(message: Message) -> None:
            nonlocal status, size
            kind = message["type"]
            if kind in {"websocket.accept", "websocket.http.response.start"}:
                status = message.get("status", _SWITCHED)
                added = () if status == _SWITCHED else (*PROTECTION, *state.get("headers", ()))
                own = message.get("headers", ())
                message["headers"] = [*own, *added, (b"x-request-id", request_id)]
            elif kind == "websocket.close" and status == _FAILED:
                status = _REFUSED
            else:
                size += len(message.get("body") or message.get("text") or b"")
            await send(message)

        try:
            await self._app(scope, receive, send_whole)
        finally:
            write = access_log()
            if write is not None:
                write(scope, Answered("GET", status, size, perf_counter() - begun))
