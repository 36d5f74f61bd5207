"""Answers that are sent while they are made, and may not be what they seem if that fails."""

import logging
from asyncio import CancelledError, get_running_loop
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from orders_api.middleware.running import RunningRequest

_log: Final = logging.getLogger(__name__)
_CLIENT_LEFT: Final = 499


class BreakableResponse(StreamingResponse):
    """Resets the connection when not all can be sent, so that nobody takes a part for the whole.

    It is cut off when its client takes nothing for too long.

    Args:
        chunks: What to send.
        headers: The headers.
        running: The request that it answers.
        timeout_s: How long the request may take in all.
        pause_s: How long its client may take for a chunk.
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        headers: dict[str, str],
        running: RunningRequest,
        *,
        timeout_s: float,
        pause_s: float,
    ) -> None:
        super().__init__(chunks, headers=headers)
        self._chunks = chunks
        self._begun = False
        self._running = running
        self._timeout_s = timeout_s
        self._pause_s = pause_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI asks; return too when the client leaves."""
        try:
            await super().__call__(scope, receive, send)
            if not self._begun:
                # For the log: nobody is there to read it.
                await Response(None, _CLIENT_LEFT)(scope, receive, send)
        except (Exception, CancelledError) as error:
            reset = scope["state"].get("reset")
            cut = isinstance(error, CancelledError)
            if reset is None or not self._begun or (cut and not self._running.cut):
                raise
            _log.warning("broken off: %s", self._why() if cut else repr(error))
            if cut:
                self._running.resume()
            reset()
            # Until the server knows, or it would miss the end of the answer.
            while (await receive())["type"] != "http.disconnect":
                pass

    async def stream_response(self, send: Send) -> None:
        """Send it, but nothing before there is a chunk: what goes wrong before can be answered."""
        self.body_iterator = self._paced(await anext(self._chunks, b""))
        self._begun = True
        await super().stream_response(send)

    async def _paced(self, chunk: bytes) -> AsyncIterator[bytes]:
        time = get_running_loop().time
        while chunk:
            passed = time() - self._running.begun
            self._running.allow(min(self._timeout_s, passed + self._pause_s))
            yield chunk
            self._running.allow(self._timeout_s)
            chunk = await anext(self._chunks, b"")

    def _why(self) -> str:
        if self._running.draining:
            return "the service is shutting down"
        return "its time was over, or its client took nothing for too long"
