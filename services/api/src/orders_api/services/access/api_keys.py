"""API keys: made once, shown once, stored as a hash."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import text

from orders.problems import NotFound
from orders_api.clients.database import Database
from orders_api.problems import invalid
from orders_api.schemas.access import NewApiKey
from orders_api.schemas.paging import Paging
from orders_api.schemas.scopes import Scope
from orders_api.services import cursors
from orders_api.services.pages import Page, read_page, scope_of
from orders_api.services.rendering import API_KEY, as_json

_KEY: Final = re.compile(r"tally_([a-z2-7]{13})_[A-Za-z0-9_-]{43}")

_FIND: Final = """
    SELECT key_hash, scopes, revoked_at IS NOT NULL AS revoked,
        extract(epoch FROM expires_at - tally_now()) AS rest_s
    FROM api_keys WHERE prefix = :prefix"""
_CREATE: Final = f"""
    INSERT INTO api_keys (prefix, key_hash, name, scopes, created_by, expires_at)
    SELECT :prefix, :key_hash, :name, CAST(:scopes AS text[]), :created_by, given.expires_at
    FROM (SELECT CAST(:expires_at AS timestamptz) AS expires_at) AS given
    WHERE given.expires_at IS NULL OR given.expires_at > tally_now()
    RETURNING {as_json(API_KEY)}::text"""
_REVOKE: Final = """
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, tally_now())
    WHERE id = :id RETURNING prefix"""
# A batch at another instance may know of a later use.
_USED: Final = """
    UPDATE api_keys SET last_used_at = greatest(last_used_at, tally_now() - used.ago)
    FROM (SELECT unnest(CAST(:prefixes AS text[])) AS prefix,
        make_interval(secs => unnest(CAST(:ages AS float8[]))) AS ago ORDER BY 1) AS used
    WHERE api_keys.prefix = used.prefix"""


class StoredKey(NamedTuple):
    """What is known of an API key."""

    key_hash: bytes
    scopes: frozenset[Scope]
    revoked: bool
    rest_s: float | None
    """How long it is still good, in seconds; None: for ever."""


def prefix_of(key: str) -> str | None:
    """Return the part of a key that may be shown; None if it is no key at all."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def hash_of(key: str) -> bytes:
    """Return what is stored of a key. It is random, so nobody tries out what has this hash."""
    return hashlib.sha256(key.encode()).digest()


def find(database: Database, prefix: str) -> StoredKey | None:
    """Return what is known of the key with this prefix.

    Raises:
        Unavailable: The database is away or busy.
    """
    with database.transaction() as connection:
        row = connection.execute(text(_FIND), {"prefix": prefix}).one_or_none()
    if row is None:
        return None
    rest_s = None if row.rest_s is None else float(row.rest_s)
    known = frozenset(Scope(name) for name in row.scopes if name in set(Scope))
    return StoredKey(bytes(row.key_hash), known, row.revoked, rest_s)


def create(database: Database, wanted: NewApiKey, created_by: str) -> tuple[str, str]:
    """Create a key; return it and the JSON of what may be shown of it.

    Raises:
        Unprocessable: It would have expired by now.
    """
    prefix = base64.b32encode(secrets.token_bytes(8)).decode().rstrip("=").lower()
    key = f"tally_{prefix}_{secrets.token_urlsafe(32)}"
    values = wanted.model_dump() | {
        "prefix": prefix,
        "key_hash": hash_of(key),
        "scopes": sorted(set(wanted.scopes)),
        "created_by": created_by,
    }
    with database.transaction() as connection:
        body = connection.execute(text(_CREATE), values).scalar_one_or_none()
    if body is None:
        raise invalid("/expires_at", "It lies in the past")
    return key, str(body)


def list_keys(database: Database, paging: Paging) -> Page:
    """Return the keys, newest first, those that were revoked as well.

    Raises:
        Unprocessable: The cursor is none.
    """
    scope = scope_of("api-keys", {})
    after = cursors.decode(paging.cursor, scope, 1)[0] if paging.cursor else None
    query = f"""
        SELECT {as_json(API_KEY)} AS body, ARRAY[id] AS key FROM api_keys
        WHERE CAST(:after AS bigint) IS NULL OR id < CAST(:after AS bigint) ORDER BY id DESC"""
    with database.transaction() as connection:
        return read_page(connection, query, {"after": after}, limit=paging.limit, scope=scope)


def revoke(database: Database, key_id: int) -> str:
    """Revoke a key, which may be revoked already, and return its prefix.

    Raises:
        NotFound: There is no such key.
    """
    with database.transaction() as connection:
        prefix = connection.execute(text(_REVOKE), {"id": key_id}).scalar_one_or_none()
    if prefix is None:
        raise NotFound(f"There is no API key {key_id}.")
    return str(prefix)


def note_uses(database: Database, ages_s: Mapping[str, float]) -> None:
    """Note how many seconds ago each key, by its prefix, was used last."""
    values = {"prefixes": list(ages_s), "ages": list(ages_s.values())}
    with database.transaction() as connection:
        connection.execute(text(_USED), values)
