"""Who calls, and whether they may: the first that is looked at of a request."""

import re
from typing import Final

from fastapi import Request

from orders_api.schemas.caller import Caller
from orders_api.schemas.need import Needed

# W3C Trace Context: version ff and ids of zeros are invalid; only later versions may go on.
_TRACEPARENT: Final = re.compile(
    rb"(?!ff|00-.{53})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)


async def admit(request: Request, _needed: Needed) -> None:
    """Let a caller in; `request.state.caller` says who it is."""
    headers = dict(request.scope["headers"])
    request.state.caller = Caller("anonymous", trace_id(headers.get(b"traceparent")))


def trace_id(traceparent: bytes | None) -> str | None:
    """Return the trace id of a traceparent; an invalid one counts as none (W3C)."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return match[1].decode() if match else None
