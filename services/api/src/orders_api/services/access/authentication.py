"""Who calls, by the credentials that came with a request."""

import asyncio
import hmac
from math import inf
from time import monotonic, time
from typing import Final, NamedTuple

import jwt
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from cachetools import LRUCache

from orders.problems import BadRequest, Unavailable
from orders_api.clients.database import Database
from orders_api.problems import Unauthorized
from orders_api.schemas.caller import Principal
from orders_api.services.access import api_keys, google_tokens, tickets, tokens
from orders_api.services.access.google_tokens import GoogleTokens
from orders_api.services.access.key_uses import KeyUses
from orders_api.services.access.tokens import UNREADABLE, Recognized, Tokens, not_valid
from orders_api.settings import Settings

_CACHED: Final = 10_000
_MAX_CHARACTERS: Final = 8_192
# Of the pool of connections, and of those who may wait for these.
_LOOKUPS_AT_ONCE: Final = 2
_LOOKUPS_WAITING: Final = 200


class _KnownKey(NamedTuple):
    """What an API key's prefix stands for, until when by the clock `monotonic`."""

    key_hash: bytes
    principal: Principal | None
    """None: it is revoked, or there is no such key."""
    fresh_until: float
    good_until: float


_NO_HASH: Final = bytes(32)


class Authenticator:
    """Recognizes callers; one who was seen before costs a look into memory.

    Args:
        settings: How long an API key is remembered.
        database: Where API keys are.
        ours: Recognizes the tokens of this service.
        googles: Recognizes those of service accounts.
        uses: Is told of the use of each API key.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ours: Tokens,
        googles: GoogleTokens,
        uses: KeyUses,
    ) -> None:
        self._database = database
        self._remember_s = settings.api_key_cache_s
        self._ours = ours
        self._googles = googles
        self._uses = uses
        self._tokens: LRUCache[str, Recognized] = LRUCache(_CACHED)
        self._keys: LRUCache[str, _KnownKey] = LRUCache(_CACHED)
        # Apart, so that a flood of keys that are none drives out no good one.
        self._strangers: LRUCache[str, _KnownKey] = LRUCache(_CACHED)
        self._lookups: dict[str, asyncio.Task[_KnownKey]] = {}
        # Lanes apart, so that a flood of keys that are none holds up no good one.
        self._lane = CapacityLimiter(_LOOKUPS_AT_ONCE)
        self._lane_of_strangers = CapacityLimiter(_LOOKUPS_AT_ONCE)

    def recall(self, authorization: str | None, api_key: str | None) -> Principal | None:
        """Return who sent these headers if memory alone can tell.

        Call it from the event loop only.
        """
        if api_key is None:
            recognized = self._tokens.get(authorization) if authorization is not None else None
            fresh = recognized is not None and time() < recognized.until
            return recognized.principal if recognized is not None and fresh else None
        known = None if authorization is not None else self._remembered(api_key)
        now = monotonic()
        if known is None or now >= known.fresh_until or now >= known.good_until:
            return None
        return known.principal

    def has_seen(self, api_key: str | None) -> bool:
        """Tell whether this was a good API key when it was looked up last."""
        return api_key is not None and self._remembered(api_key) is not None

    def _remembered(self, api_key: str) -> _KnownKey | None:
        prefix = api_keys.prefix_of(api_key)
        known = self._keys.get(prefix) if prefix is not None else None
        if known is None or prefix is None:
            return None
        if not hmac.compare_digest(known.key_hash, api_keys.hash_of(api_key)):
            return None
        self._uses.note(prefix)
        return known

    async def identify(self, authorization: str | None, api_key: str | None) -> Principal | None:
        """Return who sent these headers, `Authorization` and `X-API-Key`; None if neither came.

        Call it from the event loop only.

        Raises:
            Unauthorized: What was sent is not taken, or not any more.
            BadRequest: Both were sent.
            Unavailable: It cannot be told now.
        """
        if api_key is not None:
            if authorization is not None:
                raise BadRequest("Send Authorization or X-API-Key, not both.")
            return await self._by_key(api_key)
        return None if authorization is None else await self._by_token(authorization)

    def ticket(self, principal: Principal) -> str:
        """Return what opens a stream in the name of a caller, for `tickets.LIFETIME_S`."""
        return tickets.issue(self._ours, principal)

    def redeem(self, ticket: str) -> Principal:
        """Return whose ticket it is.

        Raises:
            Unauthorized: It is none, or over.
        """
        return tickets.redeem(self._ours, ticket)

    def forget(self, prefix: str) -> None:
        """Look the API key with this prefix up again when it is used next."""
        self._lookups.pop(prefix, None)
        self._keys.pop(prefix, None)

    async def _by_token(self, authorization: str) -> Principal:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("Authorization must be: Bearer, a space, and a token.")
        if len(token) > _MAX_CHARACTERS:
            raise not_valid()
        recognized = await self._recognize(token)
        self._tokens[authorization] = recognized
        return recognized.principal

    async def _recognize(self, token: str) -> Recognized:
        try:
            head = jwt.get_unverified_header(token)
        except UNREADABLE:
            raise not_valid() from None
        # The head only chooses who judges; each takes one algorithm and its own keys.
        if head.get("alg") == tokens.ALGORITHM:
            return self._ours.recognize(token, head.get("kid"))
        if head.get("alg") == google_tokens.ALGORITHM:
            return await self._googles.recognize(token, head.get("kid"))
        raise not_valid()

    async def _by_key(self, key: str) -> Principal:
        prefix = api_keys.prefix_of(key)
        if prefix is None:
            raise _bad_key()
        now = monotonic()
        known = self._keys.get(prefix) or self._strangers.get(prefix)
        if known is None or now >= known.fresh_until:
            known = await self._look_up(prefix)
        same = hmac.compare_digest(known.key_hash, api_keys.hash_of(key))
        if not same or known.principal is None:
            raise _bad_key()
        if now >= known.good_until:
            raise Unauthorized("The API key has expired.", error="invalid_token")
        self._uses.note(prefix)
        return known.principal

    async def _look_up(self, prefix: str) -> _KnownKey:
        """Look a key up once for all who wait for it."""
        lookup = self._lookups.get(prefix)
        if lookup is None:
            if prefix not in self._keys and len(self._lookups) >= _LOOKUPS_WAITING:
                raise Unavailable("Too many API keys are looked up at once.", retry_after_s=1)
            lookup = self._lookups[prefix] = asyncio.create_task(self._find(prefix))
        # Whoever leaves does not take the lookup from the others.
        return await asyncio.shield(lookup)

    async def _find(self, prefix: str) -> _KnownKey:
        this, asked_at = asyncio.current_task(), monotonic()
        lane = self._lane if prefix in self._keys else self._lane_of_strangers
        try:
            found = await run_sync(api_keys.find, self._database, prefix, limiter=lane)
            known = self._known(prefix, found, asked_at)
            # One that was revoked meanwhile may have been read before.
            if self._lookups.get(prefix) is this:
                self._keys.pop(prefix, None)
                (self._strangers if known.principal is None else self._keys)[prefix] = known
            return known
        finally:
            if self._lookups.get(prefix) is this:
                del self._lookups[prefix]

    def _known(self, prefix: str, found: api_keys.StoredKey | None, now: float) -> _KnownKey:
        fresh_until = now + self._remember_s
        if found is None or found.revoked:
            return _KnownKey(_NO_HASH, None, fresh_until, now)
        rest_s = inf if found.rest_s is None else found.rest_s
        good_until = now + rest_s
        principal = Principal(f"key:{prefix}", found.scopes, time() + rest_s)
        return _KnownKey(found.key_hash, principal, fresh_until, good_until)


def _bad_key() -> Unauthorized:
    return Unauthorized("The API key is not valid.", error="invalid_token")
