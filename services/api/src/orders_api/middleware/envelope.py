"""What every request gets and every answer has: an id, headers, a line in the log."""

import re
from os import urandom
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders_api.logs import Answered, access_log, note_request
from orders_api.middleware.headers import protection
from orders_api.schemas.trace import read_traceparent

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_FAILED: Final = 500


class Envelope:
    """Takes a sane X-Request-Id or makes one; answers carry it, `request.state` has it.

    Answers also get the headers that a route left in `request.state.headers`, pairs of bytes.
    `request.state.trace` is the trace of a valid traceparent, or None.

    Args:
        app: What answers.
        behind_proxy: Whether X-Forwarded-Proto is a proxy's word.
    """

    def __init__(self, app: ASGIApp, *, behind_proxy: bool) -> None:
        self._app = app
        self._behind_proxy = behind_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI asks."""
        begun = perf_counter()
        given = dict(scope["headers"])
        request_id = chosen_id(given.get(b"x-request-id", b""))
        state = scope["state"]
        state["request_id"] = request_id.decode()
        state["trace"] = read_traceparent(given.get(b"traceparent"))
        note_request(state)
        https = scope["scheme"] == "https" or (
            self._behind_proxy and given.get(b"x-forwarded-proto") == b"https"
        )
        status, size = _FAILED, 0

        async def send_whole(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                own = message["headers"]
                message["headers"] = [
                    *own,
                    *protection(own, https=https),
                    (b"x-request-id", request_id),
                    *state.get("headers", ()),
                    *_connection(state, given),
                ]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_whole)
        finally:
            write = access_log()
            if write is not None:
                write(scope, Answered(scope["method"], status, size, perf_counter() - begun))


def chosen_id(sent: bytes) -> bytes:
    """Return the id of a request: what was sent as X-Request-Id if it is sane, else a new one."""
    return sent if _SANE_ID.fullmatch(sent) else urandom(16).hex().encode()


# A server reads and drops so much of a body that nobody wanted, to keep the connection.
_WORTH_READING: Final = 2**16


def _connection(
    state: dict[str, object], given: dict[bytes, bytes]
) -> tuple[tuple[bytes, bytes], ...]:
    """Close the connection of a request that was answered while much of it is still to come."""
    if "receiving" not in state:
        return ()
    length = given.get(b"content-length", b"")
    keeps = length.isdigit() and int(length) <= _WORTH_READING and "stalled" not in state
    return () if keeps else ((b"connection", b"close"),)
