"""The public keys that Google signs ID tokens with."""

import asyncio
import logging
from time import monotonic
from typing import Final

from anyio.to_thread import run_sync
from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWTError

from orders.problems import Unavailable

_log = logging.getLogger(__name__)
_KEPT_S: Final = 3_600
_TIMEOUT_S: Final = 3.0


class GoogleCerts:
    """Fetches the keys when one is needed, at most once in `cool_down_s` whoever asks for what.

    Args:
        url: Of a JSON Web Key Set (RFC 7517).
        cool_down_s: How long an unknown key is not asked for again.
    """

    def __init__(self, url: str, *, cool_down_s: float = 30.0) -> None:
        # Its own caches try again at every failure.
        self._client = PyJWKClient(url, cache_jwk_set=False, timeout=_TIMEOUT_S)
        self._cool_down_s = cool_down_s
        self._keys: dict[str, PyJWK] = {}
        self._asked_at = self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> PyJWK | None:
        """Return the key of this name, or None if there is none.

        Raises:
            Unavailable: The keys cannot be had now.
        """
        if not self._has(kid):
            async with self._lock:
                if not self._has(kid) and monotonic() >= self._asked_at + self._cool_down_s:
                    await self._fetch()
        # An outage of theirs need not be ours: keys that were good an hour ago still are.
        if kid not in self._keys and self._read_at < self._asked_at:
            raise Unavailable("Google's keys cannot be fetched now, so its tokens are not taken.")
        return self._keys.get(kid)

    def _has(self, kid: str) -> bool:
        return kid in self._keys and monotonic() < self._read_at + _KEPT_S

    async def _fetch(self) -> None:
        self._asked_at = monotonic()
        try:
            found = await run_sync(self._read)
        except (PyJWTError, OSError, ValueError, RecursionError):
            _log.warning("Google's keys could not be fetched", exc_info=True)
        else:
            self._keys = {key.key_id: key for key in found.keys if key.key_id is not None}
            self._read_at = self._asked_at

    def _read(self) -> PyJWKSet:
        return self._client.get_jwk_set(refresh=True)
