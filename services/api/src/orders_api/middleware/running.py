"""The requests that are being answered, and when each must have been."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

# What has too much time by so little does no harm; a timer for each request costs 5 µs.
_LOOK_EVERY_S: Final = 0.1


class RunningRequest:
    """A request that is being answered; routes find it as `request.state.running_request`."""

    __slots__ = ("_end", "_owner", "_task", "begun", "cut", "deadline")

    def __init__(self, owner: "RunningRequests", task: "asyncio.Task[None]", begun: float) -> None:
        self._owner = owner
        self._task = task
        self.begun = begun
        self.deadline = begun
        self.cut = False
        self._end: Callable[[], None] | None = None

    @property
    def draining(self) -> bool:
        """Whether the service is about to end."""
        return self._owner.draining

    def allow(self, seconds: float) -> None:
        """Let it take so long in all, but no longer than the service lives."""
        self.deadline = min(self.begun + seconds, self._owner.ends_at)

    def stream(self, seconds: float, end: Callable[[], None]) -> None:
        """Let it take so long, but no longer than until the service begins to end.

        `end` is called in place of cancelling it, and must not block.
        """
        self._end = end
        self.deadline = self.begun if self.draining else self.begun + seconds

    def drain(self, ends_at: float, now: float) -> None:
        """Let it end by then, at once if it is a stream."""
        self.deadline = min(self.deadline, ends_at if self._end is None else now)

    def cut_off(self) -> None:
        """Cancel it; whoever is cancelled finds that `cut` is set."""
        if not self.cut:
            self.cut = True
            (self._end or self._task.cancel)()

    def resume(self) -> None:
        """Let the task go on, to answer."""
        self._task.uncancel()


class RunningRequests:
    """All requests that are being answered, on one event loop."""

    def __init__(self) -> None:
        self._all: set[RunningRequest] = set()
        self._time = asyncio.get_running_loop().time
        self.ends_at = float("inf")
        """By the clock of the event loop: when no request may run any more."""

    @property
    def draining(self) -> bool:
        """Whether the service is about to end."""
        return self.ends_at < float("inf")

    def begin(self, seconds: float) -> RunningRequest:
        """Note the request of the current task, which may take so long."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is answered by a task")
        request = RunningRequest(self, task, self._time())
        request.allow(seconds)
        self._all.add(request)
        return request

    def end(self, request: RunningRequest) -> None:
        """Forget a request that was answered."""
        self._all.discard(request)

    def drain(self, seconds: float) -> None:
        """Let all requests end within so many seconds, those too that are still to come."""
        now = self._time()
        self.ends_at = now + seconds
        for request in self._all:
            request.drain(self.ends_at, now)

    def cut_overdue(self) -> None:
        """Cut off those whose time is over."""
        now = self._time()
        for request in [request for request in self._all if request.deadline <= now]:
            request.cut_off()


@asynccontextmanager
async def running_requests() -> AsyncIterator[RunningRequests]:
    """Yield what keeps account of requests, and cuts them off when their time is over."""
    running = RunningRequests()

    async def watch() -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            running.cut_overdue()

    task = asyncio.create_task(watch())
    try:
        yield running
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
