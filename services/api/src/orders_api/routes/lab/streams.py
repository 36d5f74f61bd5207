"""Answers that come bit by bit, in three formats."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Request, Response
from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field

from orders_api.routes.dependencies import CurrentSettings, running_request
from orders_api.routes.lab.router import lab_router
from orders_api.routes.streaming import BreakableResponse
from orders_api.services.lab import count
from orders_api.settings import Settings

router = lab_router()

_MOST: Final = 1_000
_TICK: Final = '{"n":1,"at":"2026-11-21T09:30:00.000000Z"}'


class Counting(BaseModel):
    """How far to count, and how fast."""

    to: int = Field(5, ge=1, le=_MOST, description="The last number.", examples=[5])
    delay: float = Field(
        0.5, ge=0, le=5, allow_inf_nan=False, description="Seconds between two.", examples=[0.5]
    )


class Tick(BaseModel):
    """A number, and when it was counted."""

    n: int
    at: datetime


class Streams:
    """Makes the answers to a request."""

    def __init__(self, request: Request, settings: Settings, counting: Counting) -> None:
        self.counting = counting
        self._running = running_request(request)
        self._head = "head" in request.scope["state"]
        self._patience_s = settings.request_timeout_s

    def numbers(self, first: int = 1) -> AsyncIterator[int]:
        """Count from a number on, as was asked."""
        return count(first, self.counting.to, self.counting.delay)

    def answer(self, media_type: str, chunks: AsyncIterator[bytes]) -> Response:
        """Answer with chunks while they are made."""
        headers = {"Content-Type": media_type}
        if self._head:
            answer = Response(None, 200, headers)
            del answer.headers["Content-Length"]
            return answer
        return BreakableResponse(
            chunks,
            headers,
            self._running,
            timeout_s=self.counting.to * self.counting.delay + self._patience_s,
            pause_s=self._patience_s,
        )


async def streams(
    request: Request, settings: CurrentSettings, counting: Annotated[Counting, Query()]
) -> Streams:
    """Return what answers; async, or FastAPI would make it in a thread."""
    return Streams(request, settings, counting)


Answers = Annotated[Streams, Depends(streams)]
LastEventId = Annotated[
    int,
    Header(alias="Last-Event-ID", ge=0, le=_MOST, description="Go on after it.", examples=[3]),
]


def _shown(media_type: str, example: str, kind: str | None = "string") -> dict[int | str, Any]:
    content = {media_type: {"schema": {"type": kind} if kind else {}, "example": example}}
    return {200: {"description": "It comes while it is made.", "content": content}}


def _tick(number: int) -> str:
    return Tick(n=number, at=datetime.now(UTC)).model_dump_json()


@router.get(
    "/stream/count", response_class=Response, responses=_shown("text/plain", "1\n2\n3\n4\n5\n")
)
async def stream_count(answers: Answers) -> Response:
    """Count, a line each."""
    lines = (f"{n}\n".encode() async for n in answers.numbers())
    return answers.answer("text/plain; charset=utf-8", lines)


@router.get(
    "/stream/json", response_class=Response, responses=_shown("application/x-ndjson", f"{_TICK}\n")
)
async def stream_json(answers: Answers) -> Response:
    """Count, a JSON object each (NDJSON)."""
    lines = (f"{_tick(n)}\n".encode() async for n in answers.numbers())
    return answers.answer("application/x-ndjson", lines)


@router.get(
    "/stream/events",
    response_class=Response,
    responses={
        204: {"description": "Last-Event-ID was the last: an EventSource comes no more."},
        **_shown("text/event-stream", f"data: {_TICK}\nid: 1\n\n", None),
    },
)
async def stream_events(answers: Answers, after: LastEventId = 0) -> Response:
    """Count, a server-sent event each; whoever comes again goes on where it was."""
    if after >= answers.counting.to:
        return Response(status_code=204)
    numbers = answers.numbers(after + 1)
    events = (format_sse_event(data_str=_tick(n), id=str(n)) async for n in numbers)
    return answers.answer("text/event-stream", events)
