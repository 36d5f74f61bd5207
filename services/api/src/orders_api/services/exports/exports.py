"""Exports of orders: a snapshot as a file, while it is made."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from orders.engine import Connect
from orders.problems import Unavailable
from orders_api.schemas.export import ExportFormat
from orders_api.schemas.order_query import OrderFilters
from orders_api.services.exports.job import Job, Limits
from orders_api.services.exports.pipe import Pipe
from orders_api.services.exports.statement import copy_statement

MOST_AT_ONCE: Final = 2
"""The most exports of an instance that run: each has a connection, a snapshot and a thread."""


class Export:
    """A file that is being made.

    Args:
        form: What it is.
        watermark: The change_id up to which everything is final in it.
        pipe: Where it comes from.
    """

    def __init__(self, form: ExportFormat, watermark: int, pipe: Pipe) -> None:
        self.form = form
        self.watermark = watermark
        self._pipe = pipe

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file.

        Raises:
            Problem: Postgres went away, or is busy: what was yielded so far is no whole file.
        """
        while chunk := await self._pipe.get():
            yield chunk


class Exports:
    """Makes exports, a few at once.

    Args:
        connect: Makes connections to Postgres; none is taken from the pool.
        wait_s: How long an export waits for transactions that were open before.
        timeout_s: How long Postgres may take for it, as fast as its client reads.
    """

    def __init__(self, connect: Connect, wait_s: float, timeout_s: float) -> None:
        self._connect = connect
        self._limits = Limits(wait_s, timeout_s)
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="export")
        self._running = 0

    @asynccontextmanager
    async def open(self, query: OrderFilters, form: ExportFormat) -> AsyncIterator[Export]:
        """Yield an export of the orders that pass the filters; it ends with the block.

        Raises:
            Unavailable: Too many run, Postgres is away, or a transaction stays open that may
                still write what the export would have to hold.
        """
        if self._running >= MOST_AT_ONCE:
            raise Unavailable(f"{MOST_AT_ONCE} exports run here already.", retry_after_s=10)
        job = Job(self._connect, self._limits, form, copy_statement(form, query))
        self._running += 1
        ended = asyncio.get_running_loop().run_in_executor(self._threads, job.run)
        ended.add_done_callback(self._one_less)
        try:
            yield Export(form, int(await job.pipe.get()), job.pipe)
        finally:
            job.stop()
            await asyncio.wait([ended])

    def close(self) -> None:
        """Wait for what still runs, which was stopped."""
        self._threads.shutdown()

    def _one_less(self, _ended: "asyncio.Future[None]") -> None:
        self._running -= 1
