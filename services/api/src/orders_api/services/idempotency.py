"""Idempotency keys: what a request is known by when it is repeated.

A key belongs to its caller. Its answer is kept in the transaction of what it answers for, so a
request that failed keeps nothing and its repetition runs anew. A key in use by a transaction
that is not committed cannot be seen by others; an advisory lock tells that it is there.
"""

import hashlib
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import text

from orders.problems import Conflict, Unprocessable
from orders_api.clients.database import Database

KEPT: Final = timedelta(hours=72)
"""How long an answer is kept at least."""

_PURGE: Final = """
    WITH expired AS (
        SELECT caller, key FROM idempotency_keys WHERE expires_at <= tally_now()
        ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED)
    DELETE FROM idempotency_keys AS kept USING expired
    WHERE kept.caller = expired.caller AND kept.key = expired.key"""
_PURGED_AT_ONCE: Final = 1_000


class IdempotencyKey(NamedTuple):
    """A key as one caller uses it, for a request of this fingerprint."""

    caller: str
    key: str
    fingerprint: str

    @property
    def lock(self) -> int:
        """The number of the advisory lock that stands for the key while its request runs."""
        digest = hashlib.sha256(f"{self.caller}\0{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


def fingerprint(operation: str, content: bytes) -> str:
    """Return what two requests have in common when they ask for the same, as hexadecimal."""
    return hashlib.sha256(operation.encode() + b"\0" + content).hexdigest()


def in_progress() -> Conflict:
    """Return the problem of a key whose first request still runs."""
    return Conflict(
        "A request with this Idempotency-Key is being carried out; repeat to get its answer.",
        slug="idempotency-in-progress",
        headers={"Retry-After": "1"},
    )


def mismatch() -> Unprocessable:
    """Return the problem of a key that was used for another request."""
    return Unprocessable(
        "This Idempotency-Key was used for another request; nothing was done. Choose a new key.",
        slug="idempotency-mismatch",
    )


def purge(database: Database) -> int:
    """Remove the answers whose time is over and return how many they were.

    Raises:
        Unavailable: The database is away or busy; the next call goes on.
    """
    removed = 0
    while True:
        with database.transaction() as connection:
            found = connection.execute(text(_PURGE), {"most": _PURGED_AT_ONCE}).rowcount
        removed += found
        if found < _PURGED_AT_ONCE:
            return removed
