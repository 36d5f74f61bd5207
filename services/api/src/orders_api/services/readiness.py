"""Whether the database answers, however many ask."""

import asyncio

from anyio.to_thread import run_sync

from orders.problems import Unavailable
from orders_api.clients.database import Database


class Readiness:
    """Asks the database once for all who ask at the same time; made on one event loop.

    Args:
        database: What is asked. An answer that is late keeps one connection and one thread.
        budget_s: How long it may take.
    """

    def __init__(self, database: Database, budget_s: float) -> None:
        self._database = database
        self._budget_s = budget_s
        self._check: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Return if the database answers.

        Raises:
            Problem: It is away, not migrated, or does not answer in time.
        """
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(run_sync(self._database.check))
            self._check.add_done_callback(_note)
        done, _ = await asyncio.wait([self._check], timeout=self._budget_s)
        if not done:
            seconds = f"{self._budget_s:g} s"
            raise Unavailable(f"The database did not answer within {seconds}.")
        await self._check


def _note(check: asyncio.Task[None]) -> None:
    """Take note of an error that comes when nobody waits any more."""
    if not check.cancelled():
        check.exception()
