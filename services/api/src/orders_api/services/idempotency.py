"""Idempotency keys: what a request is known by when it is repeated.

A key belongs to its caller. Its answer is kept in the transaction of what it answers for, so a
request that failed keeps nothing and its repetition runs anew. A key in use by a transaction
that is not committed cannot be seen by others; an advisory lock tells that it is there.
"""

import hashlib
from datetime import timedelta
from typing import Final, NamedTuple, Self

from sqlalchemy import Connection, text

from orders.problems import Conflict, Unprocessable
from orders_api.clients.database import Database

KEPT: Final = timedelta(hours=72)
"""How long an answer is kept at least."""

_LOCK: Final = "SELECT pg_try_advisory_xact_lock(:lock)"
_FIND: Final = """
    SELECT fingerprint, answer FROM idempotency_keys
    WHERE caller = :caller AND key = :key AND expires_at > tally_now()"""
_FORGET: Final = """
    DELETE FROM idempotency_keys
    WHERE caller = :caller AND key = :key AND expires_at <= tally_now()"""
_KEEP: Final = """
    INSERT INTO idempotency_keys (caller, key, fingerprint, answer, expires_at)
    VALUES (:caller, :key, :fingerprint, :answer, tally_now() + :kept)"""
_PURGE: Final = """
    WITH expired AS (
        SELECT caller, key FROM idempotency_keys WHERE expires_at <= tally_now()
        ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED)
    DELETE FROM idempotency_keys AS kept USING expired
    WHERE kept.caller = expired.caller AND kept.key = expired.key"""
_PURGED_AT_ONCE: Final = 1_000


class IdempotencyKey(NamedTuple):
    """A key as one caller uses it, for one request."""

    caller: str
    key: str
    fingerprint: str
    """What two requests have in common when they ask for the same."""

    @classmethod
    def of(cls, caller: str, key: str | None, operation: str, content: bytes) -> Self | None:
        """Return the key of a caller's request for an operation with this content, if any."""
        if key is None:
            return None
        digest = hashlib.sha256(operation.encode() + b"\0" + content)
        return cls(caller, key, digest.hexdigest())

    @property
    def lock(self) -> int:
        """The number of the advisory lock that stands for the key while its request runs."""
        digest = hashlib.sha256(f"{self.caller}\0{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


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


def claim(connection: Connection, key: IdempotencyKey) -> str | None:
    """Take the key for the transaction at hand; return the answer if it has one already.

    Raises:
        Conflict: Another transaction has it.
        Unprocessable: It was used for another request.
    """
    if not connection.scalar(text(_LOCK), {"lock": key.lock}):
        raise in_progress()
    # A statement of its own: its snapshot holds what was committed before the lock was free.
    kept = connection.execute(text(_FIND), {"caller": key.caller, "key": key.key}).one_or_none()
    if kept is None:
        return None
    if kept.fingerprint != key.fingerprint:
        raise mismatch()
    return str(kept.answer)


def keep(connection: Connection, key: IdempotencyKey, answer: str) -> None:
    """Keep the answer to a request whose key was claimed in the same transaction."""
    values = {**key._asdict(), "answer": answer, "kept": KEPT}
    connection.execute(text(_FORGET), values)
    connection.execute(text(_KEEP), values)


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
