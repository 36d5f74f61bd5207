"""The clients of an instance, and what they are all served from."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from weakref import WeakSet

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import text

from orders.engine import Connect
from orders.finality import LAST_CHANGE_ID
from orders.problems import Unavailable
from orders_api.clients.database import Database
from orders_api.problems import invalid
from orders_api.services.feed.events import Event, Wanted, read_behind
from orders_api.services.feed.reader import Reader
from orders_api.services.feed.subscription import Subscription
from orders_api.services.feed.window import Window
from orders_api.settings.events import EventSettings

_log = logging.getLogger(__name__)
_MOST_BYTES: Final = 16 * 2**20
# What comes and goes within this time starts the reader only once.
_IDLE_S: Final = 10.0
# Of the pool of connections: for clients that are behind.
_READS_AT_ONCE: Final = 2
# For all readers to end: one may wait for a server that is silent.
_ENDING_S: Final = 10.0


class Feed:
    """Serves clients, all on one event loop; its reader runs while there are any.

    Args:
        connect: Makes the reader's connection.
        database: Where clients that are behind read.
        settings: How many clients, and how much they may cost.
    """

    def __init__(self, connect: Connect, database: Database, settings: EventSettings) -> None:
        self.settings: Final = settings
        self.window: Window | None = None
        self._connect = connect
        self._database = database
        self._loop = asyncio.get_running_loop()
        # A client that never joins, since it left before, gives its place back when it is garbage.
        self._places: WeakSet[Subscription] = WeakSet()
        self._clients: set[Subscription] = set()
        self._reader: Reader | None = None
        self._ending: list[Reader] = []
        self._stopping: asyncio.TimerHandle | None = None
        self._reads = CapacityLimiter(_READS_AT_ONCE)

    async def admit(self, wanted: Wanted, since: int | None, pointer: str) -> Subscription:
        """Return a client that can be served, and has its place among them as long as it is kept.

        Args:
            wanted: What it wants.
            since: The change_id that it has seen last.
            pointer: Says where that stood.

        Raises:
            Unavailable: There are too many clients, or the database is away.
            Unprocessable: There is no such change yet.
        """
        if len(self._places) >= self.settings.events_clients:
            detail = "As many follow the events here as may."
            raise Unavailable(detail, retry_after_s=10)
        client = Subscription(self, wanted, since)
        # At once: others are admitted while the database is asked.
        self._places.add(client)
        try:
            await self._check(since, pointer)
        except BaseException:
            self._places.discard(client)
            raise
        return client

    async def _check(self, since: int | None, pointer: str) -> None:
        if self.window is not None and (since or 0) <= self.window.final:
            return
        last = await run_sync(self._last_change_id, limiter=self._reads)
        if since is not None and since > last:
            raise invalid(pointer, f"The last change is {last}")

    @contextmanager
    def joined(self, client: Subscription) -> Iterator[None]:
        """Serve a client in the block; with it its place ends."""
        self._clients.add(client)
        if self._stopping is not None:
            self._stopping.cancel()
            self._stopping = None
        if self._reader is None:
            self._start()
        try:
            yield
        finally:
            self._clients.discard(client)
            self._places.discard(client)
            if not self._clients:
                self._stopping = self._loop.call_later(_IDLE_S, self._stop)

    async def behind(self, position: int, final: int, most: int) -> Sequence[Event]:
        """Return final changes behind a position, so many at most, from the database.

        Raises:
            Unavailable: The database is away or busy.
        """
        args = (self._database, position, final, most)
        return await run_sync(read_behind, *args, limiter=self._reads)

    async def close(self) -> None:
        """End its readers, and wait for them, but not for ever."""
        if self._stopping is not None:
            self._stopping.cancel()
        self._stop()
        until = self._loop.time() + _ENDING_S
        for reader in self._ending:
            if not await run_sync(reader.join, max(0.0, until - self._loop.time())):
                _log.warning("the feed's reader has not ended within %g s", _ENDING_S)

    def _start(self) -> None:
        def publish(after: int, events: Sequence[Event], final: int) -> "Future[None]":
            taken = self._take(reader, after, events, final)
            return asyncio.run_coroutine_threadsafe(taken, self._loop)

        reader = Reader(self._connect, publish, self.settings.events_poll_s)
        self._reader = reader
        reader.start()

    def _stop(self) -> None:
        self._stopping = None
        self._ending = [reader for reader in self._ending if not reader.join(0)]
        if self._reader is not None:
            self._reader.stop()
            self._ending.append(self._reader)
        self._reader = self.window = None

    async def _take(self, reader: Reader, after: int, events: Sequence[Event], final: int) -> None:
        if reader is not self._reader:
            return
        if self.window is None or after > self.window.final:
            self.window = Window(after, self.settings.events_window, _MOST_BYTES)
        self.window.extend(events, final)
        for client in self._clients:
            client.wake()

    def _last_change_id(self) -> int:
        with self._database.transaction() as connection:
            return int(connection.execute(text(LAST_CHANGE_ID)).scalar_one())


@asynccontextmanager
async def open_feed(
    connect: Connect, database: Database, settings: EventSettings
) -> AsyncIterator[Feed]:
    """Yield the feed of an instance; its reader is ended when the block ends."""
    feed = Feed(connect, database, settings)
    try:
        yield feed
    finally:
        await feed.close()
