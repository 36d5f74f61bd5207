"""One client: where it is, what it gets next, and what ends it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from orders.problems import Unavailable
from orders_api.services.feed.events import Batch, Event, Wanted

if TYPE_CHECKING:
    from orders_api.services.feed.feed import Feed

Write = Callable[[Batch], Awaitable[None]]
"""Sends something, and waits while the client does not take what was sent before."""

_PAGE: Final = 100
# More is not kept for a client that does not take it: there may be thousands.
_MOST_BYTES: Final = 2**15
_DATABASE_AWAY_S: Final = 1.0
# What must still be sent when all is over.
_LAST_S: Final = 0.5


class End(StrEnum):
    """What ended a stream."""

    LEFT = "left"
    """The client is gone."""
    SLOW = "slow"
    """The client did not take what was sent."""
    NOISY = "noisy"
    """The client sent too much."""
    CREDENTIALS = "credentials"
    """Those of the client are over."""
    TIME = "time"
    """The stream took as long as one may."""
    SHUTDOWN = "shutdown"
    """The service ends."""


class Subscription:
    """A client of the feed; all its methods belong to the event loop.

    Args:
        feed: What serves it.
        wanted: What it wants.
        position: The change_id that it has seen last; None: it begins with what is final now.
    """

    def __init__(self, feed: "Feed", wanted: Wanted, position: int | None) -> None:
        self._feed = feed
        self._wanted = wanted
        self._position = position
        self._wake = asyncio.Event()
        self._ended: End | None = None
        self._sending: asyncio.Timeout | None = None
        self._time = asyncio.get_running_loop().time
        self._due = 0.0
        # How many changes to read next: about as many as are sent at once.
        self._page = _PAGE
        self.stuck = False
        """Whether something could not be sent: nothing else can."""

    def wake(self) -> None:
        """Look again: there may be something new."""
        self._wake.set()

    def end(self, why: End) -> None:
        """Let `deliver` return; the first reason counts."""
        self._ended = self._ended or why
        self._wake.set()
        if self._sending is not None and not self._sending.expired():
            self._sending.reschedule(self._time() + _LAST_S)

    async def deliver(self, write: Write) -> End:
        """Write what comes, and something at every heartbeat, until it is ended; return why."""
        while self._ended is None:
            await self._step(write)
        return self._ended

    async def _step(self, write: Write) -> None:
        # A function of its own: what was sent is kept by nobody while the next is waited for.
        batch = await self._next()
        if batch is not None:
            await self._send(write, batch)

    async def _send(self, write: Write, batch: Batch) -> None:
        try:
            async with asyncio.timeout(self._feed.settings.events_stall_s) as self._sending:
                await write(batch)
        except TimeoutError:
            self.stuck = True
            self.end(End.SLOW)
        finally:
            self._sending = None
        self._due = self._time() + self._feed.settings.events_heartbeat_s

    async def _next(self) -> Batch | None:
        """Return what to send now; None if something else has happened."""
        window = self._feed.window
        if window is not None and self._position is None:
            self._position = window.final
            return Batch((), self._position)
        if self._time() >= self._due:
            return Batch((), self._position)
        if window is None or self._position is None or self._position >= window.final:
            await self._sleep(self._due - self._time())
            return None
        final = window.final
        if self._position >= window.begin:
            found: Sequence[Event] | None = window.after(self._position, self._page)
        else:
            found = await self._behind(self._position, final)
        if found is None:
            return None
        return self._choose(found, final if len(found) < self._page else found[-1].id)

    async def _behind(self, position: int, final: int) -> Sequence[Event] | None:
        try:
            return await self._feed.behind(position, final, self._page)
        except Unavailable:
            await self._sleep(min(_DATABASE_AWAY_S, self._due - self._time()))
            return None

    def _choose(self, found: Sequence[Event], final: int) -> Batch | None:
        """Return what is wanted of the changes that come next, and pass over them.

        What is too much to be sent at once is read again.
        """
        chosen: list[Event] = []
        size = 0
        self._page = min(2 * self._page, _PAGE)
        for number, event in enumerate(found, 1):
            self._position = event.id
            if self._wanted(event):
                chosen.append(event)
                size += len(event.data)
            if size >= _MOST_BYTES and number < len(found):
                self._page = number
                break
        else:
            self._position = final
        return Batch(chosen, self._position) if chosen else None

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()
