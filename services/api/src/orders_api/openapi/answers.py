"""Answers in order, with the headers that many have described once."""

from http import HTTPStatus
from typing import Any, Final

from orders_api.openapi.operations import Document, operations
from orders_api.routes.documentation import header, referred

_SHARED: Final[dict[str, Any]] = {
    **header(
        "X-Request-Id",
        "That of the request if it was sane, else one made up; logs have it.",
        "8f14e45fceea467a9f3c1d2b7a6e5d40",
    ),
    **header("RateLimit", "What is left of the share, and for how long.", '"default";r=50;t=30'),
    **header("RateLimit-Policy", "The share: requests in seconds.", '"default";q=100;w=60'),
    **header("Retry-After", "Seconds after which to repeat the request.", "5"),
    **header("WWW-Authenticate", "How to say who calls.", 'Bearer realm="tally"'),
}
_COUNTED: Final = referred("RateLimit", "RateLimit-Policy")
_EVERYWHERE: Final = referred("X-Request-Id")
_ERROR: Final = "4"
# What FastAPI says of every answer that nobody describes.
_DEFAULT: Final = "Successful Response"


def complete(document: Document) -> None:
    """Describe the shared headers, and name them in the answers that have them."""
    document["components"]["headers"] = _SHARED
    for operation in operations(document):
        counted = _COUNTED if operation["security"] else {}
        operation["responses"] = dict(sorted(operation["responses"].items()))
        for status, answer in operation["responses"].items():
            own = counted if status < _ERROR or status == "429" else {}
            answer["headers"] = answer.get("headers", {}) | own | _EVERYWHERE
            if status < _ERROR:
                answer["description"] = _phrase(status, answer["description"])


def _phrase(status: str, description: str) -> str:
    return HTTPStatus(int(status)).phrase if description == _DEFAULT else description
