"""Cursors: opaque, and good only for the list they were made for."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence

from orders_api.problems import invalid


def encode(scope: str, key: Sequence[int]) -> str:
    """Return the cursor after the row with this key; `scope` tells lists and filters apart."""
    content = json.dumps([_digest(scope), *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()


def decode(cursor: str, scope: str, length: int) -> list[int]:
    """Return the key in a cursor.

    Raises:
        Unprocessable: It is no cursor, or one of another list, other filters or another sort.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        digest, *key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise invalid("query/cursor", "This is not a cursor that a list returned") from None
    if digest != _digest(scope):
        detail = "This cursor belongs to other filters or another sort; begin without one"
        raise invalid("query/cursor", detail)
    numbers = [part for part in key if type(part) is int and abs(part) < 2**63]
    if len(numbers) != len(key) or len(key) != length:
        raise invalid("query/cursor", "This is not a cursor that a list returned")
    return numbers


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:12]
