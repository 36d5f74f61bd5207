"""Who calls, whether they may, and how often: the first that is looked at of a request."""

import re
from typing import Any, Final

from fastapi import Request
from starlette.requests import HTTPConnection

from orders.problems import BadRequest, Problem
from orders_api.problems import Forbidden, TooManyRequests, Unauthorized
from orders_api.schemas.caller import Caller, Principal
from orders_api.schemas.need import Need, Needed
from orders_api.schemas.scopes import Scope
from orders_api.schemas.trace import read_traceparent
from orders_api.services.access.authentication import Authenticator
from orders_api.services.access.throttle import Limiter, network
from orders_api.settings.access import AccessSettings

ANONYMOUS: Final = Principal("anonymous", frozenset(Scope) - {Scope.ADMIN})
"""Whoever calls from this machine without credentials, where that is allowed."""

_AUTHORIZATION: Final = b"authorization"
_API_KEY: Final = b"x-api-key"
_FROM_ELSEWHERE: Final = frozenset(
    {
        b"forwarded",
        b"via",
        b"x-real-ip",
        b"cf-connecting-ip",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-proto",
        b"x-forwarded-server",
    }
)
"""What proxies add."""

# Another name is a page's that had it resolved to this machine (DNS rebinding).
_LOCAL_HOST: Final = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)
_LOOPBACK: Final = ("127.0.0.1", "::1")


class Gate:
    """Lets callers in; one an application.

    Args:
        settings: Who may come without credentials, and how often anybody may.
        authenticator: Knows who callers are.
        limiter: Counts their requests.
    """

    def __init__(
        self, settings: AccessSettings, authenticator: Authenticator, limiter: Limiter
    ) -> None:
        self._authenticator = authenticator
        self._limiter = limiter
        self._rate = settings.rate_limit
        self._policy: bytes | None = None
        self._anonymous = settings.auth == "loopback"
        self._proxies = settings.proxies

    async def admit(
        self, request: HTTPConnection, needed: Needed, *, ticket: str | None = None
    ) -> None:
        """Let a caller in: `request.state.principal` and `.caller` say who it is.

        Args:
            request: The request, or the handshake of a WebSocket.
            needed: What it needs.
            ticket: One that came in its query, where tickets are taken.

        Raises:
            BadRequest: There are several credentials.
            Unauthorized: There are none, or they are not taken.
            Forbidden: The caller lacks the scope.
            TooManyRequests: The caller, or the address of an unknown one, comes too often.
            Unavailable: It cannot be told now who it is.
        """
        headers = dict(request.scope["headers"])
        state = request.scope["state"]
        principal = None if ticket is not None else self._recalled(request, headers)
        if principal is None:
            principal = await self._identified(request, headers, ticket)
        trace = read_traceparent(headers.get(b"traceparent"))
        state["principal"] = principal
        state["caller"] = Caller(principal.name, trace and trace.trace_id)
        await self._count(state, principal.name)
        if needed is not Need.IDENTITY and needed not in principal.scopes:
            raise Forbidden(f"This needs the scope {needed}.")

    async def count_address(self, request: HTTPConnection) -> None:
        """Count a request of somebody unknown.

        Raises:
            TooManyRequests: Too many come from there.
        """
        address = client_address(request, self._proxies)
        await self._count(request.scope["state"], network(address))

    def _recalled(self, request: HTTPConnection, headers: dict[bytes, bytes]) -> Principal | None:
        """Return whom memory knows; None also where something is wrong."""
        authorization, api_key = _sent(headers)
        if authorization is None and api_key is None:
            return ANONYMOUS if self._anonymous and _is_local(request, headers) else None
        if len(headers) < len(request.scope["headers"]):
            # A header stands twice, perhaps one of these.
            return None
        return self._authenticator.recall(authorization, api_key)

    async def _identified(
        self, request: HTTPConnection, headers: dict[bytes, bytes], ticket: str | None
    ) -> Principal:
        """Return who it is that memory does not know; strangers are counted."""
        authorization, api_key = _sent(headers)
        looked_up = api_key is not None and not self._authenticator.has_seen(api_key)
        if looked_up:
            # Before it is: a flood of keys shall not reach the database.
            await self.count_address(request)
        try:
            _require_single(request, headers)
            if ticket is not None:
                return self._redeemed(ticket, headers)
            principal = await self._authenticator.identify(authorization, api_key)
            if principal is None:
                raise Unauthorized("Send Authorization: Bearer with a token, or X-API-Key.")
        except Problem:
            if not looked_up:
                await self.count_address(request)
            raise
        return principal

    def _redeemed(self, ticket: str, headers: dict[bytes, bytes]) -> Principal:
        if _sent(headers) != (None, None):
            raise BadRequest("Send a ticket or a header, not both.")
        return self._authenticator.redeem(ticket)

    async def _count(self, state: dict[str, Any], who: str) -> None:
        decision = await self._limiter.hit("requests", self._rate, who)
        left = f'"default";r={decision.remaining};t={decision.reset_s}'
        state["headers"] = [
            (b"ratelimit-policy", self._policy or self._told(decision.limit, decision.period_s)),
            (b"ratelimit", left.encode()),
        ]
        if not decision.allowed:
            detail = f"More than {decision.limit} requests in {decision.period_s} s."
            raise TooManyRequests(detail, retry_after_s=decision.reset_s)

    def _told(self, limit: int, period_s: int) -> bytes:
        self._policy = f'"default";q={limit};w={period_s}'.encode()
        return self._policy


async def admit(request: HTTPConnection, needed: Needed, *, ticket: str | None = None) -> None:
    """Let a caller in as the application's gate does."""
    gate: Gate = request.scope["state"]["gate"]
    await gate.admit(request, needed, ticket=ticket)


async def counted(request: Request) -> None:
    """Count a request to a route that anybody may call, a dependency."""
    gate: Gate = request.state.gate
    await gate.count_address(request)


def client_address(request: HTTPConnection, proxies: int) -> str:
    """Return the address that a request came from, as the last of so many proxies saw it.

    A client may send X-Forwarded-For of its own; what counts are the addresses that our proxies
    appended to it.
    """
    seen = ",".join(request.headers.getlist("x-forwarded-for")).split(",") if proxies else []
    if len(seen) >= proxies > 0:
        return seen[-proxies].strip()
    return request.client.host if request.client else ""


def _sent(headers: dict[bytes, bytes]) -> tuple[str | None, str | None]:
    """Return the values of Authorization and X-API-Key."""
    token, key = headers.get(_AUTHORIZATION), headers.get(_API_KEY)
    return (
        None if token is None else token.decode("latin-1"),
        None if key is None else key.decode("latin-1"),
    )


def _require_single(request: HTTPConnection, headers: dict[bytes, bytes]) -> None:
    names = [name for name, _ in request.scope["headers"]]
    if len(names) == len(headers):
        return
    for name in (_AUTHORIZATION, _API_KEY):
        if names.count(name) > 1:
            raise BadRequest(f"{name.decode().title()} may stand only once.")


def _is_local(request: HTTPConnection, headers: dict[bytes, bytes]) -> bool:
    """Tell whether a request comes from this machine itself, through no proxy."""
    if request.client is None or request.client.host not in _LOOPBACK:
        return False
    if not _FROM_ELSEWHERE.isdisjoint(headers):
        return False
    if headers.get(b"sec-fetch-site") == b"cross-site":
        return False
    return _LOCAL_HOST.fullmatch(headers.get(b"host", b"")) is not None
