"""Every request, counted and timed."""

from collections.abc import Awaitable
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders.metrics import Metrics
from orders.metrics.catalog import HTTP_DURATION_MS, HTTP_REQUESTS

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD: Final = "other"
_UNMATCHED: Final = "unmatched"
_FAILED: Final = 500


class RequestMetrics:
    """Counts requests when they are answered, by method, status and route template.

    Messages pass as they come, so a stream streams; its duration is that of the whole.
    The paths under /v1 are counted as those without.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI asks."""
        begun = perf_counter()
        status = _FAILED

        def noting(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            _measure(scope, status, (perf_counter() - begun) * 1000)


def _measure(scope: Scope, status: int, duration_ms: float) -> None:
    metrics: Metrics = scope["state"]["metrics"]
    method = scope["method"]
    path = getattr(scope.get("route"), "path_format", _UNMATCHED)
    tags = (method if method in _METHODS else _OTHER_METHOD, str(status), path)
    metrics.add(HTTP_REQUESTS, 1, tags)
    metrics.record(HTTP_DURATION_MS, duration_ms, tags)
