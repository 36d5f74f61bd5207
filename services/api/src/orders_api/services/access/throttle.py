"""How often somebody did something, counted in fixed windows of the clock."""

import asyncio
import logging
import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic, time
from typing import Any, Final, NamedTuple

from cachetools import LRUCache
from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.storage import storage_from_string

_log = logging.getLogger(__name__)
_MEMORY: Final = "memory://"
_COUNTERS: Final = 100_000
_PATIENCE_S: Final = 0.25
_COOL_DOWN_S: Final = 5.0
# An IPv6 customer has a whole network of addresses.
_IPV6_NETWORK: Final = 64
_WITH_PORT: Final = re.compile(r"([\d.]+):\d+|\[(.*)\](?::\d+)?")


class Decision(NamedTuple):
    """Whether it is allowed: out of `limit` in `period_s`, `remaining` until `reset_s` is over."""

    allowed: bool
    limit: int
    period_s: int
    remaining: int
    reset_s: int
    key: str
    shared: bool
    """Where it was counted: for all instances, or in memory."""


class Limiter:
    """Counts in Redis, for all instances together, or in memory.

    While Redis is away it counts in memory: a limit that is too generous for a while is better
    than a service that is away as well.

    Args:
        storage: `memory://`, or the URL of a Redis as `limits` spells it.
    """

    def __init__(self, storage: str) -> None:
        self._storage: RedisStorage | None = None
        if not storage.startswith(_MEMORY):
            self._storage = _shared(storage)
        self._away_until = float("-inf")
        # A window's number is part of its key, so an old one falls out when nobody asks for it.
        # The memory of `limits` has no bound, and each hit looks through all of it for what is
        # over: 1.9 ms a hit at 20,000 callers.
        self._counts: LRUCache[str, int] = LRUCache(_COUNTERS)

    async def hit(self, name: str, rate: str, *who: str) -> Decision:
        """Count that somebody did it.

        Args:
            name: Of the limit.
            rate: So many in a time, as `limits` spells it.
            who: Whose count it is.
        """
        item, period_s = _parsed(rate)
        now = time()
        window = int(now // period_s)
        key = f"{name}/{window}/{'/'.join(who)}"
        counted = await self._count_shared(key, period_s, 1)
        shared = counted is not None
        if counted is None:
            counted = self._counts[key] = self._counts.get(key, 0) + 1
        left, reset_s = item.amount - counted, ceil((window + 1) * period_s - now)
        return Decision(left >= 0, item.amount, period_s, max(0, left), reset_s, key, shared)

    async def take_back(self, decision: Decision) -> None:
        """Take a count back from where it was counted, if that is there still."""
        if decision.shared:
            await self._count_shared(decision.key, decision.period_s, -1)
        elif decision.key in self._counts:
            self._counts[decision.key] -= 1

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._storage is not None:
            bridge: Any = self._storage.bridge
            bridge.storage.connection_pool.disconnect()
            # Until the event loop has seen it.
            await asyncio.sleep(0)

    async def _count_shared(self, key: str, period_s: int, count: int) -> int | None:
        """Count for all instances; None if that cannot be done now."""
        if self._storage is None or monotonic() < self._away_until:
            return None
        try:
            return await self._storage.incr(key, period_s, amount=count)
        except Exception as error:  # noqa: BLE001  what an answer of no Redis raises is any
            self._away_until = monotonic() + _COOL_DOWN_S
            _log.warning("rate limits are counted in memory, Redis is away: %r", error)
            return None


def network(address: str) -> str:
    """Return whom an address counts for: itself, or of IPv6 the network of its customer.

    A port behind it, as some proxies write it, is another one for each connection.
    """
    host = _WITH_PORT.fullmatch(address)
    try:
        parsed = ip_address(host[1] or host[2] if host else address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, _IPV6_NETWORK), strict=False).network_address)


def _shared(url: str) -> RedisStorage:
    limits = {"connect_timeout": _PATIENCE_S, "stream_timeout": _PATIENCE_S}
    storage = storage_from_string(f"async+{url}", wrap_exceptions=True, **limits)
    if not isinstance(storage, RedisStorage):
        raise TypeError("rate limits are counted in memory or in Redis")
    return storage


@lru_cache(maxsize=64)
def _parsed(rate: str) -> tuple[RateLimitItem, int]:
    item = parse(rate)
    return item, item.get_expiry()
