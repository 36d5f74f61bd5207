"""How long a request may take: in all, and until the service ends."""

import logging
from asyncio import CancelledError
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders.problems import Problem, Unavailable
from orders_api.middleware.answers import answer
from orders_api.middleware.running import RunningRequest, RunningRequests
from orders_api.problems import RequestTimeout

_log = logging.getLogger(__name__)
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_UNKNOWN: Final = (
    "the outcome of the request is not known. Repeat it with the same Idempotency-Key; without"
    " one, look before you repeat."
)


class TimeLimits:
    """Answers 503 for a request that takes too long, 408 if its sender does.

    What runs in a thread, or waits for its commit, is carried out all the same: the answer says so.
    An answer that has begun is broken off.

    Args:
        app: What answers in time.
        seconds: How long a request may take, unless its route allows more.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI asks."""
        state = scope["state"]
        running: RunningRequests = state["running"]
        request = state["running_request"] = running.begin(self._seconds)
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        async def receive_in_time() -> Message:
            message = await receive()
            if "stalled" in state:
                raise RequestTimeout("The body paused for too long; nothing was done.")
            return message

        try:
            await self._app(scope, receive_in_time, watched)
        except CancelledError:
            reset = state.get("reset")
            if not request.cut or (begun and reset is None):
                raise
            request.resume()
            if begun:
                _log.warning("broken off: %s", _why(request))
                reset()
                return
            await answer(_problem(request, scope.get("method", "GET")), scope, receive, send)
        finally:
            running.end(request)


def _why(request: RunningRequest) -> str:
    return "The service is shutting down" if request.draining else "The request took too long"


def _problem(request: RunningRequest, method: str) -> Problem:
    what = "nothing was changed." if method in _READING else _UNKNOWN
    return Unavailable(f"{_why(request)}; {what}", retry_after_s=1)
