"""Every request as a span of its caller's trace."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, Final

from opentelemetry.trace import Span, StatusCode, Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders.tracing import server_span

_CARRIED: Final = (b"traceparent", b"tracestate")


class RequestTraces:
    """Begins a span for each request.

    Whatever is inside finds the span in `traceparent`, as if it were the caller's: log lines and
    the change log name the trace, also one that begins here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI asks."""
        tracer: Tracer | None = scope["state"]["tracer"]
        headers = scope["headers"]
        given = {
            name.decode(): value.decode("latin-1") for name, value in headers if name in _CARRIED
        }
        with server_span(tracer, scope["method"], given) as span:
            scope["headers"] = [
                *(header for header in headers if header[0] != b"traceparent"),
                (b"traceparent", _traceparent(span)),
            ]

            def noting(message: Message) -> Awaitable[None]:
                if message["type"] == "http.response.start":
                    _describe(span, scope, message["status"])
                return send(message)

            await self._app(scope, receive, noting)


def _traceparent(span: Span) -> bytes:
    own = span.get_span_context()
    return f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}".encode()


def _describe(span: Span, scope: Scope, status: int) -> None:
    path = getattr(scope.get("route"), "path_format", None)
    attributes: dict[str, Any] = {
        "http.request.method": scope["method"],
        "http.response.status_code": status,
    }
    if path is not None:
        attributes["http.route"] = path
        span.update_name(f"{scope['method']} {path}")
    span.set_attributes(attributes)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
