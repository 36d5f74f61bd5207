"""Clients of the live feed."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from typing import Any, NamedTuple, Protocol

import httpx
from sqlalchemy import Engine, text
from websockets.asyncio.client import connect

PATH = "/orders/events"


class Sent(NamedTuple):
    """Something that a stream sent: an event, or without one only how far the client is."""

    id: int | None
    event: str | None
    data: Any


class Follow(Protocol):
    """Opens a stream."""

    def __call__(self, url: str, since: int | None) -> Any:
        """Yield what comes."""


def parsed(lines: list[str]) -> Sent:
    """Read the lines of one server-sent event."""
    fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
    data = json.loads(fields["data"]) if "data" in fields else None
    return Sent(int(fields["id"]) if "id" in fields else None, fields.get("event"), data)


@contextmanager
def following(client: httpx.Client, **query: Any) -> Iterator[Iterator[Sent]]:
    """Yield what comes over server-sent events; a header may be given as `headers`."""
    headers = query.pop("headers", {})
    with client.stream("GET", PATH, params=query, headers=headers) as response:
        assert response.status_code == 200, response.read()
        yield _sent(response.iter_lines())


def _sent(lines: Iterator[str]) -> Iterator[Sent]:
    block: list[str] = []
    for line in lines:
        if line:
            block.append(line)
        elif block:
            yield parsed(block)
            block = []


def changes(stream: Iterator[Sent], count: int) -> list[Sent]:
    """Return the next so many changes of a stream."""
    found: list[Sent] = []
    while len(found) < count:
        sent = next(stream)
        if sent.event is not None:
            found.append(sent)
    return found


@asynccontextmanager
async def sse(url: str, since: int | None) -> AsyncIterator[AsyncIterator[Sent]]:
    """Yield what comes over server-sent events."""
    params = {} if since is None else {"since": since}
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
        response = await stack.enter_async_context(client.stream("GET", url + PATH, params=params))
        assert response.status_code == 200

        async def sent() -> AsyncGenerator[Sent, None]:
            block: list[str] = []
            async for line in response.aiter_lines():
                if line:
                    block.append(line)
                elif block:
                    yield parsed(block)
                    block = []

        yield await stack.enter_async_context(aclosing(sent()))


@asynccontextmanager
async def socket(url: str, since: int | None) -> AsyncIterator[AsyncIterator[Sent]]:
    """Yield what comes over a WebSocket."""
    query = "" if since is None else f"?since={since}"
    async with connect(f"ws{url.removeprefix('http')}{PATH}/ws{query}", close_timeout=1) as ws:

        async def sent() -> AsyncGenerator[Sent, None]:
            async for message in ws:
                found = json.loads(message)
                event = None if found["event"] == "alive" else found["event"]
                yield Sent(found["id"] and int(found["id"]), event, found["data"])

        async with aclosing(sent()) as stream:
            yield stream


def logged(engine: Engine) -> list[tuple[int, int, int]]:
    """Return change_id, order_id and version of all changes, as the log has them."""
    query = text("SELECT change_id, order_id, version FROM order_changes ORDER BY change_id")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def place(sent: Sent) -> tuple[int, int, int]:
    """Return the same of a change that was sent."""
    return sent.data["change_id"], sent.data["order_id"], sent.data["version"]
