"""Clients of the feed, which note when what came and look at it only afterwards."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import accumulate
from typing import Final

import aiohttp

_ORDER: Final = re.compile(rb'^data: .*?"order_id"\s*:\s*(\d+).*\n', re.MULTILINE)
_EVENT: Final = b"\ndata: "
# A heartbeat, or what is final now: the first of them says that the client's place is known.
_PLACED: Final = b"id: "


class Client:
    """A client that reads; to read an event costs it so little that many fit in a process."""

    def __init__(self) -> None:
        self.placed = asyncio.Event()
        """Set as soon as nothing that is created from now on passes it by."""
        self.events = 0
        """How many have come."""
        self._end = b""
        self._pieces: list[bytes] = []
        self._times: list[float] = []

    async def follow(self, session: aiohttp.ClientSession, url: str) -> None:
        """Read until cancelled.

        Raises:
            RuntimeError: The stream was refused, or has ended.
        """
        async with session.get(f"{url}/orders/events") as answer:
            if not answer.ok:
                raise RuntimeError(f"the feed was refused: {await answer.text()}")
            async for piece in answer.content.iter_any():
                self._note(piece, time.perf_counter())
        raise RuntimeError("the feed has ended")

    def arrivals(self) -> Iterator[tuple[int, float]]:
        """Yield each event's order, and when the last byte of the event was there."""
        ends = list(accumulate(map(len, self._pieces)))
        piece = 0
        for found in _ORDER.finditer(b"".join(self._pieces)):
            while ends[piece] < found.end():
                piece += 1
            yield int(found[1]), self._times[piece]

    def _note(self, piece: bytes, at: float) -> None:
        self._times.append(at)
        self._pieces.append(piece)
        # What marks an event may come in two pieces.
        latest = self._end + piece
        self.events += latest.count(_EVENT)
        self._end = latest[1 - len(_EVENT) :]
        if not self.placed.is_set() and _PLACED in piece:
            self.placed.set()


@asynccontextmanager
async def following(url: str, count: int) -> AsyncIterator[list[Client]]:
    """Yield so many clients, each of which is at its place; they leave when the block ends.

    Raises:
        ExceptionGroup: A client was refused, or its stream has ended.
    """
    clients = [Client() for _ in range(count)]
    # Compressed, a stream could not be read without work for each event.
    plain = {"Accept-Encoding": "identity"}
    forever, unlimited = aiohttp.ClientTimeout(), aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=unlimited, timeout=forever, headers=plain) as session,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(client.follow(session, url)) for client in clients]
        for client in clients:
            await client.placed.wait()
        yield clients
        for task in tasks:
            task.cancel()
