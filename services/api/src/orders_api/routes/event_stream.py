"""An answer that goes on: events as they come."""

import asyncio
from typing import Final

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from orders_api.routes.following import note, running
from orders_api.services.feed.events import Batch
from orders_api.services.feed.subscription import End, Subscription

_RETRY_MS: Final = 1_000
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Or nginx would keep events until it has a page of them.
    (b"x-accel-buffering", b"no"),
)
_HELLO: Final = b"retry: %d\n\n" % _RETRY_MS
_ALIVE: Final = b": alive\n\n"
_AGAIN: Final = b": come again\nretry: %d\n\n" % _RETRY_MS
_DROPPED: Final = b'event: dropped\ndata: {"reason":"%b"}\n\n'


class EventStream(Response):
    """Server-sent events for a client of the feed (WHATWG HTML, 9.2)."""

    def __init__(self, client: Subscription) -> None:
        super().__init__()
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until something ends the stream, as ASGI asks."""
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
        if "head" in scope["state"]:
            await send({"type": "http.response.body", "body": b""})
            return

        async def write(batch: Batch) -> None:
            await send({"type": "http.response.body", "body": encoded(batch), "more_body": True})

        await send({"type": "http.response.body", "body": _HELLO, "more_body": True})
        with running(Request(scope), self._client):
            leaving = asyncio.create_task(_watch(receive, self._client))
            try:
                end = await self._client.deliver(write)
            finally:
                leaving.cancel()
        note(end)
        last = _AGAIN if end in {End.TIME, End.SHUTDOWN} else _DROPPED % end.encode()
        if self._client.stuck:
            scope["state"]["drop"](last)
        else:
            await send({"type": "http.response.body", "body": last})


def encoded(batch: Batch) -> bytes:
    """Return a batch as server-sent events, the last of which tells how far the client is."""
    events = b"".join([event.sse for event in batch.events])
    if batch.position is None:
        return _ALIVE
    told = bool(batch.events) and batch.events[-1].id == batch.position
    return events if told else b"%b: alive\nid: %d\n\n" % (events, batch.position)


async def _watch(receive: Receive, client: Subscription) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.end(End.LEFT)
