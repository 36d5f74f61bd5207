"""Pages of other origins."""

from collections.abc import Collection
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS: Final = (
    "Authorization",
    "X-API-Key",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Content-Type",
    "traceparent",
)
_ANSWER_HEADERS: Final = (
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "X-Request-Id",
    "RateLimit",
    "RateLimit-Policy",
    "Idempotency-Replayed",
    "Content-Disposition",
    "Tally-Watermark",
)
_PREFLIGHT_S: Final = 600


def cors(app: ASGIApp, origins: Collection[str]) -> ASGIApp:
    """Let browsers call from pages of these origins; without any, from none but our own."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_ANSWER_HEADERS,
        max_age=_PREFLIGHT_S,
    )
