"""Three ways to wait, and what the event loop does meanwhile."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from orders_api.routes.dependencies import CurrentSettings, running_request
from orders_api.routes.lab.router import lab_router
from orders_api.services.lab import Turns, counting_turns

router = lab_router()

_EXAMPLE: Final[dict[str, Any]] = {
    "thread": "AnyIO worker thread",
    "began_at": "2026-11-21T09:30:00.000000Z",
    "ended_at": "2026-11-21T09:30:02.000100Z",
    "loop_turns": 196,
}


class Sleep(BaseModel):
    """What was measured while a handler slept."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    thread: str = Field(description="The thread that it slept in.")
    began_at: datetime
    ended_at: datetime
    loop_turns: int = Field(
        description="How often the event loop did something else; an idle one does 100 a second."
    )


class Watch:
    """Measures one sleep.

    Args:
        seconds: How long to sleep.
        turns: Counts those of the event loop.
    """

    def __init__(self, seconds: float, turns: Turns) -> None:
        self.seconds = seconds
        self._turns = turns

    def start(self) -> None:
        """Measure from now on."""
        self._turns_before = self._turns.count
        self._began_at = datetime.now(UTC)

    def stop(self) -> Sleep:
        """Return what was measured."""
        return Sleep(
            thread=threading.current_thread().name,
            began_at=self._began_at,
            ended_at=datetime.now(UTC),
            loop_turns=self._turns.count - self._turns_before,
        )


Seconds = Annotated[
    float,
    Query(ge=0, le=10, allow_inf_nan=False, description="How long to sleep.", examples=[2]),
]


async def watching(
    request: Request, settings: CurrentSettings, seconds: Seconds = 2
) -> AsyncIterator[Watch]:
    """Let the request take its time, and yield what measures it."""
    running_request(request).allow(seconds + settings.request_timeout_s)
    async with counting_turns() as turns:
        yield Watch(seconds, turns)


Measured = Annotated[Watch, Depends(watching)]


@router.get("/demo/blocking")
async def demo_blocking(watch: Measured) -> Sleep:
    """Sleep on the event loop, as one never should: nobody else is answered meanwhile."""
    watch.start()
    time.sleep(watch.seconds)  # noqa: ASYNC251  this is what it shows
    return watch.stop()


@router.get("/demo/async-sleep")
async def demo_async_sleep(watch: Measured) -> Sleep:
    """Give the event loop back while waiting: everybody else is answered."""
    watch.start()
    await asyncio.sleep(watch.seconds)
    return watch.stop()


@router.get("/demo/threadpool")
def demo_threadpool(watch: Measured) -> Sleep:
    """Block a thread of the pool, where FastAPI runs what is not async: the loop goes on."""
    watch.start()
    time.sleep(watch.seconds)
    return watch.stop()
