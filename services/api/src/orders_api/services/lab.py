"""What the lab shows: answers that come bit by bit, and whether the event loop turns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

LOOK_EVERY_S: Final = 0.01


async def count(first: int, last: int, delay: float) -> AsyncIterator[int]:
    """Yield the numbers from first to last, both included, one each `delay` seconds."""
    for number in range(first, last + 1):
        if number > first:
            await asyncio.sleep(delay)
        yield number


class Turns:
    """Counts how often the event loop finds time for something else; see `counting_turns`."""

    def __init__(self) -> None:
        self.count = 0
        """So far. May be read from any thread."""

    async def keep_counting(self) -> None:
        """Count until cancelled, at most once each `LOOK_EVERY_S`."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.count += 1


@asynccontextmanager
async def counting_turns() -> AsyncIterator[Turns]:
    """Yield what counts the turns of this event loop until the block ends."""
    turns = Turns()
    task = asyncio.create_task(turns.keep_counting())
    try:
        yield turns
    finally:
        task.cancel()
        await asyncio.wait([task])
