"""The warehouse, asked so that nothing else has to wait for it."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

from orders.problems import Unavailable
from orders_api.clients.warehouse_errors import TooExpensiveError, WarehouseError
from orders_api.settings.sales import SalesSettings

if TYPE_CHECKING:
    from orders_api.clients.bigquery import BigQuery

T = TypeVar("T")

_log = logging.getLogger(__name__)
_AT_ONCE: Final = 4
_PAUSE_S: Final = 5
_NOT_SET_UP_S: Final = 3_600
_AWAY: Final = "The sales are away for now; orders are not concerned."
_NOT_SET_UP: Final = "This service has no warehouse set up to read sales from."
_TOO_EXPENSIVE: Final = (
    "BigQuery would read more for this than it may be billed for. Ask for fewer days."
)


class Warehouse:
    """Asks BigQuery in a few threads of its own, and not for a while after it failed.

    The threads are those of no other work and hold up no end of the process, for a connection
    that hangs may keep one for long after its caller was answered. Made and used on one event
    loop; the client is made by the first question.

    Args:
        settings: Where it is, and how long one question may take.
    """

    def __init__(self, settings: SalesSettings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._away_until = 0.0
        self._making = Lock()
        self._client: BigQuery | None = None

    async def ask(self, work: Callable[["BigQuery"], T]) -> T:
        """Return what `work` returns, which runs in a thread.

        Raises:
            Unavailable: There is no warehouse, it failed, was too slow, or would cost too much.
            Exception: What `work` raises.
        """
        if self._settings.bigquery_project is None:
            raise Unavailable(_NOT_SET_UP, retry_after_s=_NOT_SET_UP_S)
        if self._away_until > monotonic():
            raise self._away()
        try:
            async with asyncio.timeout(self._settings.bigquery_timeout_s):
                await self._free.acquire()
                outcome = await asyncio.shield(self._begin(work))
        except TimeoutError as error:
            raise self._pause("it did not answer in time") from error
        if isinstance(outcome, TooExpensiveError):
            _log.warning("BigQuery refused sales: %s", outcome)
            raise Unavailable(_TOO_EXPENSIVE, retry_after_s=_NOT_SET_UP_S) from outcome
        if isinstance(outcome, WarehouseError):
            raise self._pause(str(outcome)) from outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _begin(self, work: Callable[["BigQuery"], T]) -> asyncio.Future[T | Exception]:
        """Start a thread; its place is free again when it ends, whoever still waits for it."""
        ended: Future[T | Exception] = Future()

        def run() -> None:
            try:
                ended.set_result(work(self._connected()))
            except Exception as error:  # noqa: BLE001  whoever asked raises it
                ended.set_result(error)

        Thread(target=run, name="warehouse", daemon=True).start()
        outcome = asyncio.wrap_future(ended)
        outcome.add_done_callback(lambda _: self._free.release())
        return outcome

    def _connected(self) -> "BigQuery":
        with self._making:
            if self._client is None:
                from orders_api.clients.bigquery import BigQuery  # noqa: PLC0415  takes a second

                self._client = BigQuery(self._settings)
            return self._client

    def _pause(self, reason: str) -> Unavailable:
        _log.warning("BigQuery is away, sales with it: %s", reason)
        self._away_until = monotonic() + _PAUSE_S
        return self._away()

    def _away(self) -> Unavailable:
        left_s = round(self._away_until - monotonic())
        return Unavailable(_AWAY, retry_after_s=max(1, left_s))
