"""The trace that a request belongs to, as W3C Trace Context tells it."""

import re
from typing import Final, NamedTuple

# Version ff and ids of zeros are invalid; only later versions may go on.
_TRACEPARENT: Final = re.compile(
    rb"(?!ff|00-.{53})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?"
)


class Trace(NamedTuple):
    """A trace, and the span of it that called, both in lower-case hexadecimal."""

    trace_id: str
    span_id: str


def read_traceparent(value: bytes | None) -> Trace | None:
    """Return what a traceparent names; an invalid one counts as none (W3C)."""
    match = _TRACEPARENT.fullmatch(value) if value else None
    return Trace(match[1].decode(), match[2].decode()) if match else None
