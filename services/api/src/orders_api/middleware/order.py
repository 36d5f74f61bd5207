"""The order in which a request meets what surrounds it."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from orders.metrics import NO_METRICS
from orders_api.middleware.compression import Compression
from orders_api.middleware.cors import cors
from orders_api.middleware.envelope import Envelope
from orders_api.middleware.faults import Faults
from orders_api.middleware.head import Head
from orders_api.middleware.hosts import KnownHosts
from orders_api.middleware.metrics import RequestMetrics
from orders_api.middleware.sockets import SocketEnvelope
from orders_api.middleware.time_limits import TimeLimits
from orders_api.middleware.tracing import RequestTraces
from orders_api.settings import Settings


def add_middleware(app: FastAPI) -> None:
    """Surround an application whose lifespan yields what they look for in its state."""
    app.add_middleware(_Surroundings)


def surround(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return the application with all that surrounds it; what is named last sees a request first.

    Whatever answers has the headers and the line that `Envelope` gives; a page of another origin
    may read also what went wrong; a host that is not ours gets nothing else.
    """
    app = Faults(app)
    app = TimeLimits(app, settings.request_timeout_s)
    app = Compression(app)
    app = Head(app)
    app = cors(app, settings.cors_origins)
    app = KnownHosts(app, settings.allowed_hosts)
    return Envelope(app, behind_proxy=settings.proxies > 0)


def watched(app: ASGIApp, state: Mapping[str, Any]) -> ASGIApp:
    """Return the application with what measures and traces it, where that is wanted."""
    if state["tracer"] is not None:
        app = RequestTraces(app)
    if state["metrics"] is not NO_METRICS:
        app = RequestMetrics(app)
    return app


def surround_sockets(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return the application with what surrounds WebSockets, which browsers open from any page."""
    app = Faults(app)
    app = TimeLimits(app, settings.request_timeout_s)
    app = KnownHosts(app, settings.allowed_hosts)
    return SocketEnvelope(app)


class _Surroundings:
    """Puts it all together when the first request comes: only then are settings known."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._surrounded: ASGIApp | None = None
        self._sockets: ASGIApp = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI asks."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._app(scope, receive, send)
            return
        if self._surrounded is None:
            surrounded = surround(self._app, scope["state"]["settings"])
            self._surrounded = watched(surrounded, scope["state"])
            self._sockets = surround_sockets(self._app, scope["state"]["settings"])
        await (self._surrounded if kind == "http" else self._sockets)(scope, receive, send)
