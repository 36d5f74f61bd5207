"""What the whole API says of itself."""

from typing import Any, Final

_DESCRIPTION: Final = """\
Takes orders, keeps them with their whole history, and sells items.

* Money is a whole number of minor units (`total_cents`) with its `currency`.
* An error is a problem (RFC 9457); its `type` leads to a page that explains it.
* A list is cut into pages; `next_cursor` leads to the next, and is null on the last.
* A change of an order needs `If-Match` with the ETag of the version that is meant.
* `Idempotency-Key` makes it safe to repeat what creates orders.
* Names in bodies are in snake_case; camelCase is taken as well.
"""

_TAGS: Final = {
    "orders": "Take, move and list orders, one at a time or by the file.",
    "items": "What the shop sells.",
    "sales": "What was sold each day, from the warehouse.",
    "auth": "Log in, stay logged in, log out.",
    "users": "Who may log in, and what they may do.",
    "api keys": "Credentials of programs.",
    "lab": "Experiments, see docs/lab.md. Off in production, and no part of what /v1 promises.",
    "health": "Whether the service is there, and can work.",
    "about": "The front door, and what problems mean.",
}


def about(path: str) -> dict[str, Any]:
    """Return the options of a FastAPI that is mounted at a path: title, tags, servers."""
    same = "The current version." if path else "The same as /v1, for people and small scripts."
    return {
        "title": "Tally orders API",
        "version": "1.0.0",
        "description": _DESCRIPTION,
        "license_info": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        "openapi_tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "servers": [{"url": path or "/", "description": same}],
    }
