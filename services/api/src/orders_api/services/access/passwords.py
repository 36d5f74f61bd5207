"""Passwords: hashed with Argon2id, a few at a time."""

import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from orders.problems import Unavailable

Answer = TypeVar("Answer")

# OWASP's parameters: 19 MiB, two passes, one lane.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# Of a password that was thrown away: verifying it takes as long as any other.
_NOBODYS: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$NH8pV1GDfgJDqdoUapvxOg$LnVZxeo++uAJuBU9DRnk2SbPqZDogP6NGuJEanOFRM0"
)


class Verdict(NamedTuple):
    """Whether a password is right, and its new hash if the parameters have changed since."""

    right: bool
    rehashed: str | None = None


class Passwords:
    """Hashes and verifies passwords; each takes 19 MiB and some 30 ms of a processor.

    Args:
        at_once: How many run at the same time.
        waiting: How many more may wait for their turn.
    """

    def __init__(self, *, at_once: int = 2, waiting: int = 50) -> None:
        # Threads beside those that work with the database.
        self._threads = CapacityLimiter(at_once)
        self._most = at_once + waiting
        self._there = 0

    async def hash(self, password: str) -> str:
        """Return a password's hash.

        Raises:
            Unavailable: Too many wait already.
        """
        return await self._run(partial(_hash, password))

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Tell whether the password has this hash; None, of nobody, takes as long as any other.

        Raises:
            Unavailable: Too many wait already.
        """
        verdict = await self._run(partial(_verify, password, stored or _NOBODYS))
        return verdict if stored else Verdict(right=False)

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        if self._there >= self._most:
            raise Unavailable("Too many log in at once; repeat it.", retry_after_s=1)
        self._there += 1
        try:
            return await run_sync(work, limiter=self._threads)
        finally:
            self._there -= 1


def _hash(password: str) -> str:
    return _HASHER.hash(_bytes(password))


def _verify(password: str, stored: str) -> Verdict:
    try:
        _HASHER.verify(stored, _bytes(password))
    except (VerificationError, InvalidHashError):
        return Verdict(right=False)
    stale = _HASHER.check_needs_rehash(stored)
    return Verdict(right=True, rehashed=_hash(password) if stale else None)


def _bytes(password: str) -> bytes:
    """Return one spelling of what looks the same: keyboards differ in how they compose é."""
    return unicodedata.normalize("NFKC", password).encode()
