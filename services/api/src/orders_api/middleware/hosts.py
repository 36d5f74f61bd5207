"""The names by which the service may be called."""

from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from orders.problems import BadRequest
from orders_api.middleware.answers import answer
from orders_api.problems import clip

# Probes come by address.
_EXEMPT: Final = "/health/"


class KnownHosts:
    """Refuses requests to a Host that is not ours: a link or a cache must not be made for it.

    Args:
        app: What answers the others.
        names: Host names; `*.example.com` is all below one; none: any name.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        names = [name.lower() for name in names]
        self._any = not names or "*" in names
        self._names = {name for name in names if not name.startswith("*.")}
        self._below = tuple(name[1:] for name in names if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI asks."""
        if self._any or scope["path"].startswith(_EXEMPT):
            await self._app(scope, receive, send)
            return
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1 and self._knows(_name(hosts[0])):
            await self._app(scope, receive, send)
            return
        named = clip(hosts[0]) if hosts else "nothing"
        detail = f"Host says {named}, which this service is not."
        await answer(BadRequest(detail, slug="unknown-host"), scope, receive, send)

    def _knows(self, name: str) -> bool:
        return name in self._names or name.endswith(self._below)


def _name(host: str) -> str:
    """Return a Host without its port; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()
