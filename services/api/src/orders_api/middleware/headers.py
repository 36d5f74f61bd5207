"""Headers that every answer has, for browsers and caches."""

from collections.abc import Iterable, Sequence
from typing import Final

Header = tuple[bytes, bytes]

_ALWAYS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
# What is no page needs nothing; the docs bring a policy of their own.
_POLICY: Final[Header] = (
    b"content-security-policy",
    b"default-src 'none'; frame-ancestors 'none'",
)
_NO_STORE: Final[Header] = (b"cache-control", b"no-store")
_HTTPS_ONLY: Final[Header] = (b"strict-transport-security", b"max-age=31536000")

PROTECTION: Final[tuple[Header, ...]] = (*_ALWAYS, _POLICY, _NO_STORE)
"""Those of an answer that has none of its own."""


def _combinations() -> dict[tuple[bool, bool, bool], tuple[Header, ...]]:
    return {
        (own_policy, own_caching, https): (
            *_ALWAYS,
            *(() if own_policy else (_POLICY,)),
            *(() if own_caching else (_NO_STORE,)),
            *((_HTTPS_ONLY,) if https else ()),
        )
        for own_policy in (False, True)
        for own_caching in (False, True)
        for https in (False, True)
    }


_PREPARED: Final = _combinations()


def protection(own: Iterable[Header], *, https: bool) -> Sequence[Header]:
    """Return the headers to add to an answer's own; what has no caching is not stored."""
    names = {name for name, _ in own}
    return _PREPARED[b"content-security-policy" in names, b"cache-control" in names, https]
