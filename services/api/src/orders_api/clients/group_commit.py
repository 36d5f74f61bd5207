"""Group commit: requests that arrive together are written and committed together.

A transaction an order spends its time on round trips and on the disk. Here whoever wants
something written waits in a queue; a writer takes all who wait, writes them in one transaction,
and answers each when that is committed. While it commits, the next batch gathers.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from anyio.to_thread import run_sync
from opentelemetry.trace import SpanContext
from pg8000.exceptions import DatabaseError

from orders.problems import Problem, Unavailable
from orders_api.clients.batch_spans import NO_SPANS, BatchSpans
from orders_api.clients.refusals import fields_of, problem_of
from orders_api.clients.transactions import Session, Transactions, UnreachableError

Request = TypeVar("Request")
Answer = TypeVar("Answer")

Write = Callable[[Session, Sequence[Request]], Sequence[Answer | Exception]]
"""Writes a batch in the transaction it is given and returns an outcome for each request, in
their order: its answer, or the exception to raise. It may run more than once for a request, never
so that two of its transactions are committed."""

_RETRY_AFTER_S: Final = 1
# Of SQLSTATE: bad data, broken constraints, a trigger's own; and out of shared memory, for each
# key of a batch takes a place in the lock table.
_OF_A_ROW: Final = ("22", "23", "P0", "53200")
_BUSY: Final = 8
"""A writer whose last batch had this size is busy."""


class Batch(NamedTuple):
    """What is told of a batch once it is answered."""

    requests: Sequence[Any]
    outcomes: Sequence[Any]
    """Of each request its answer, committed by now, or the exception it was raised."""
    waited_s: float
    """How long the first of the batch had waited when its writer took it."""
    written_s: float
    """How long it took to write and commit."""
    queued: int
    """How many wait for the next."""


class Observer(Protocol):
    """Is told of every batch, on the event loop."""

    def __call__(self, batch: Batch, /) -> None:
        """Take note of a batch."""


@dataclass(frozen=True)
class Limits:
    """How much is done at once.

    Args:
        writers: Connections that write; each is also a thread.
        batch: The most requests of one transaction.
        queue: The most requests that wait; more are told to come back.
        gather_s: How long a writer that is busy waits for company of the first that waits: a
            larger batch costs less for each. One that is not busy begins at once.
    """

    writers: int = 1
    batch: int = 500
    queue: int = 2_000
    gather_s: float = 0.002


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Request, Answer]):
    request: Request
    answer: asyncio.Future[Answer]
    since: float
    origin: SpanContext | None


class GroupCommit(Generic[Request, Answer]):
    """Writes requests in batches; made and used on one event loop.

    Args:
        write: Writes a batch.
        transactions: Makes what a writer commits with.
        limits: How much is done at once.
        observe: Is told of every batch.
        spans: Traces batches.
    """

    def __init__(
        self,
        write: Write[Request, Answer],
        transactions: Callable[[], Transactions],
        limits: Limits,
        observe: Observer,
        spans: BatchSpans = NO_SPANS,
    ) -> None:
        self._write = write
        self._limits = limits
        self._observe = observe
        self._spans = spans
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Waiting[Request, Answer] | None] = SimpleQueue()
        self._closed = False
        self._threads = [
            Thread(target=self._run, args=(transactions(),), name=f"group-commit-{number}")
            for number in range(limits.writers)
        ]
        for thread in self._threads:
            thread.start()

    async def submit(self, request: Request) -> Answer:
        """Return the answer to a request once it is committed.

        Whoever stops waiting before its batch begins has asked for nothing; afterwards the
        request is carried out all the same.

        Raises:
            Unavailable: Too many wait, the service ends, or the database is away.
            Exception: What `write` returned for the request.
        """
        if self._closed:
            raise Unavailable("The service is shutting down; nothing was written.")
        if self._queue.qsize() >= self._limits.queue:
            detail = "Too many requests wait to be written; nothing was written."
            raise Unavailable(detail, retry_after_s=_RETRY_AFTER_S)
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._queue.put(_Waiting(request, answer, monotonic(), self._spans.origin()))
        return await answer

    @property
    def queued(self) -> int:
        """How many wait."""
        return self._queue.qsize()

    async def close(self) -> None:
        """Refuse what comes, write what waits, then end."""
        self._closed = True
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            await run_sync(thread.join)

    def _run(self, transactions: Transactions) -> None:
        size = 0
        while (first := self._queue.get()) is not None:
            if size >= _BUSY:
                sleep(self._limits.gather_s)
            batch = [] if first.answer.cancelled() else [first]
            batch += self._take(self._limits.batch - len(batch))
            size = len(batch)
            if not batch:
                continue
            begun = monotonic()
            requests = [waiting.request for waiting in batch]
            with self._spans.of([waiting.origin for waiting in batch]):
                outcomes = self._commit(transactions, requests)
            if isinstance(outcomes[0], UnreachableError):
                self._turn_away(outcomes[0])
            self._loop.call_soon_threadsafe(_deliver, batch, outcomes)
            times = begun - batch[0].since, monotonic() - begun
            report = Batch(requests, outcomes, *times, self._queue.qsize())
            self._loop.call_soon_threadsafe(self._observe, report)
        transactions.close()

    def _take(self, most: int) -> list[_Waiting[Request, Answer]]:
        """Take all who wait, up to so many, but for those who left."""
        taken: list[_Waiting[Request, Answer]] = []
        while len(taken) < most:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                break
            if waiting is None:
                # The sign to end, for whichever writer comes next.
                self._queue.put(None)
                break
            if not waiting.answer.cancelled():
                taken.append(waiting)
        return taken

    def _turn_away(self, problem: UnreachableError) -> None:
        """Tell all who wait by now; each batch of them would wait for a connection in vain.

        All are taken before the first is told: whoever comes then is for the next attempt.
        """
        waiting = self._take(self._limits.queue)
        self._loop.call_soon_threadsafe(_deliver, waiting, [problem] * len(waiting))

    def _commit(
        self, transactions: Transactions, requests: list[Request]
    ) -> Sequence[Answer | Exception]:
        """Return the outcome of each request; those Postgres refuses do not fail the others."""
        try:
            return transactions.run(lambda session: self._outcomes(session, requests))
        except Problem as problem:
            return [problem] * len(requests)
        except Exception as error:  # noqa: BLE001  each request that it concerns raises it
            if len(requests) == 1 or not _may_be_of_one(error):
                return [problem_of(error) or error] * len(requests)
        half = len(requests) // 2
        return [
            *self._commit(transactions, requests[:half]),
            *self._commit(transactions, requests[half:]),
        ]

    def _outcomes(self, session: Session, requests: list[Request]) -> Sequence[Answer | Exception]:
        outcomes = self._write(session, requests)
        if len(outcomes) != len(requests):
            raise RuntimeError(f"{len(outcomes)} outcomes of {len(requests)} requests")
        return outcomes


def _may_be_of_one(error: Exception) -> bool:
    """Tell whether a smaller batch may do: without the row that is to blame, or at all."""
    if not isinstance(error, DatabaseError):
        return True
    return fields_of(error).get("C", "").startswith(_OF_A_ROW)


def _deliver(
    batch: Sequence[_Waiting[Request, Answer]], outcomes: Sequence[Answer | Exception]
) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.answer.cancelled():
            continue
        if isinstance(outcome, Exception):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome)
