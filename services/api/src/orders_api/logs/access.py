"""The line of a request that was answered: harmless fields only, never what was sent."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from starlette.types import Scope

from orders_api.logs.lines import Event
from orders_api.logs.requests import RequestFields

_UNMATCHED: Final = "unmatched"


class Answered(NamedTuple):
    """How a request was answered."""

    method: str
    status: int
    size: int
    """Bytes of the body, as sent."""
    duration_s: float


class AccessLog:
    """Writes a line for each request. It goes around `logging`, which costs four times as much.

    Args:
        write: Takes the event.
        fields: Says of a request whose it was.
        failures_only: Whether only answers from 500 on have a line.
    """

    def __init__(
        self, write: Callable[[Event], None], fields: RequestFields, *, failures_only: bool
    ) -> None:
        self._write = write
        self._fields = fields
        self._least = HTTPStatus.INTERNAL_SERVER_ERROR if failures_only else 0

    def __call__(self, scope: Scope, answered: Answered) -> None:
        """Write the line of the request with this scope."""
        method, status, size, duration_s = answered
        if status < self._least:
            return
        route = route_template(scope)
        event: dict[str, Any] = {
            "severity": _severity(status),
            "message": f"{method} {route} {status}",
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(duration_s * 1000, 3),
            "size": size,
        }
        self._write(event | self._fields.of(scope["state"]))


def _severity(status: int) -> str:
    """Return ERROR for faults of ours, WARNING for what passes: the database is away, or we end."""
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return "INFO"
    return "ERROR" if status == HTTPStatus.INTERNAL_SERVER_ERROR else "WARNING"


def route_template(scope: Scope) -> str:
    """Return the path of the route that was found, with the names of its parameters."""
    path = getattr(scope.get("route"), "path_format", None)
    return _UNMATCHED if path is None else f"{scope.get('root_path', '')}{path}"
