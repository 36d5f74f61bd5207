"""Refresh tokens: each is good once, and one that comes twice ends the login it belongs to.

Whatever touches the tokens of a user does so while it holds the user's row, so a token that is
being made when a login ends is not overlooked.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, text

from orders_api.clients.database import Database
from orders_api.schemas.scopes import ROLES, Role, Scope
from orders_api.services.access.grants import narrowed

# Nobody holds a user for long, unless by hand.
_PATIENCE: Final = "SET LOCAL lock_timeout = '2s'"
_LOCK_OWNER: Final = """
    SELECT id, role, disabled_at IS NOT NULL AS disabled FROM users
    WHERE id = (SELECT user_id FROM refresh_tokens WHERE token_hash = :token_hash)
    FOR NO KEY UPDATE"""
# A statement of its own: its snapshot holds what was committed before the lock was free.
_READ: Final = """
    SELECT family, scopes, used_at IS NOT NULL AS used,
        revoked_at IS NOT NULL OR expires_at <= tally_now() AS over
    FROM refresh_tokens WHERE token_hash = :token_hash"""
_ADD: Final = """
    INSERT INTO refresh_tokens (token_hash, family, user_id, scopes, expires_at)
    VALUES (:token_hash, :family, :user_id, CAST(:scopes AS text[]),
        tally_now() + make_interval(secs => :lifetime_s))"""
_USE: Final = "UPDATE refresh_tokens SET used_at = tally_now() WHERE token_hash = :token_hash"
_REVOKE_FAMILY: Final = """
    UPDATE refresh_tokens SET revoked_at = tally_now()
    WHERE family = :family AND revoked_at IS NULL"""
_REVOKE_ALL: Final = """
    UPDATE refresh_tokens SET revoked_at = tally_now()
    WHERE user_id = :user_id AND revoked_at IS NULL"""
_PURGE: Final = """
    WITH expired AS (
        SELECT token_hash FROM refresh_tokens WHERE expires_at <= tally_now()
        ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED)
    DELETE FROM refresh_tokens AS kept USING expired
    WHERE kept.token_hash = expired.token_hash"""
_PURGED_AT_ONCE: Final = 1_000


class Rotated(NamedTuple):
    """A login that goes on."""

    user_id: int
    scopes: frozenset[Scope]
    """Those that were asked for."""
    token: str


def start(connection: Connection, user_id: int, scopes: Collection[Scope], lifetime_s: int) -> str:
    """Return the first token of a new family; the transaction holds the user's row."""
    return _add(connection, uuid4(), user_id, sorted(scopes), lifetime_s)


def rotate(
    database: Database, token: str, wanted: frozenset[Scope] | None, lifetime_s: int
) -> Rotated | None:
    """Use a token and return the next; None if it is not good.

    One that was used already revokes its family, whoever of the two who have it came first.

    Args:
        database: Where the token is.
        token: The token.
        wanted: The scopes that its caller asks for; None: all of the login.
        lifetime_s: How long the next token may lie unused.

    Raises:
        BadRequest: The login has not all of the scopes; the token is still good.
        Unavailable: The database is away or busy; the token is still good, or look at the detail.
    """
    with database.transaction() as connection:
        found = _found(connection, token)
        if found is None:
            return None
        owner, kept = found
        if kept.used:
            connection.execute(text(_REVOKE_FAMILY), {"family": kept.family})
        held = frozenset(map(Scope, kept.scopes)) & ROLES[Role(owner.role)]
        if kept.used or kept.over or owner.disabled or not held:
            return None
        scopes = narrowed(held, wanted)
        connection.execute(text(_USE), {"token_hash": _hash(token)})
        following = _add(connection, kept.family, owner.id, kept.scopes, lifetime_s)
        return Rotated(owner.id, scopes, following)


def revoke(database: Database, token: str) -> None:
    """End the login that a token belongs to, if there is one."""
    with database.transaction() as connection:
        if (found := _found(connection, token)) is not None:
            connection.execute(text(_REVOKE_FAMILY), {"family": found[1].family})


def be_impatient(connection: Connection) -> None:
    """Let the transaction wait only briefly for a user whom somebody holds."""
    connection.execute(text(_PATIENCE))


def revoke_all(connection: Connection, user_id: int) -> None:
    """End all logins of a user, whose row the transaction holds."""
    connection.execute(text(_REVOKE_ALL), {"user_id": user_id})


def purge(database: Database) -> int:
    """Remove the tokens whose time is over and return how many they were.

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


def _found(connection: Connection, token: str) -> tuple[Row[Any], Row[Any]] | None:
    """Return a token's user, locked, and the token."""
    values = {"token_hash": _hash(token)}
    be_impatient(connection)
    owner = connection.execute(text(_LOCK_OWNER), values).one_or_none()
    kept = connection.execute(text(_READ), values).one_or_none()
    return None if owner is None or kept is None else (owner, kept)


def _add(
    connection: Connection, family: UUID, user_id: int, scopes: Sequence[str], lifetime_s: int
) -> str:
    token = secrets.token_urlsafe(32)
    values = {
        "token_hash": _hash(token),
        "family": family,
        "user_id": user_id,
        "scopes": list(scopes),
        "lifetime_s": lifetime_s,
    }
    connection.execute(text(_ADD), values)
    return token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
