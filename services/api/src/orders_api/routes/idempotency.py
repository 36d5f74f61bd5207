"""The Idempotency-Key of a request, and how its answer shows that it is a repetition."""

import re
from typing import Any, Final

from fastapi import Request

from orders_api.problems import invalid

_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")

REPLAYED: Final = {"Idempotency-Replayed": "true"}
"""The header of an answer that was given before."""

REPLAYED_HEADER: Final[dict[str, Any]] = {
    "Idempotency-Replayed": {
        "description": "`true` when this is the answer to an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}

# Declared here and not by FastAPI, which would take the last of several.
KEY_PARAMETER: Final[dict[str, Any]] = {
    "name": _HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
    "example": "3f1c9a52-7d0b-4d0e-9a53-5f0c1b6a2e11",
    "description": "Makes it safe to repeat the request: its answer is kept for 72 hours.",
}


def idempotency_key(request: Request) -> str | None:
    """Return the key of a request, None if it has none.

    Called by the routes themselves: as a dependency it would cost more than it does.

    Raises:
        Unprocessable: It has several, or one that is empty, too long or not of printable ASCII.
    """
    keys = request.headers.getlist(_HEADER)
    if not keys:
        return None
    if len(keys) > 1:
        raise invalid(f"header/{_HEADER}", "May stand only once")
    if not _KEY.fullmatch(keys[0]):
        raise invalid(f"header/{_HEADER}", "Use 1 to 255 printable ASCII characters")
    return keys[0]
