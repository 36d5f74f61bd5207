"""What both kinds of streams have in common."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import time
from typing import Final

from starlette.requests import HTTPConnection

from orders_api.middleware.running import RunningRequest
from orders_api.schemas.caller import Principal
from orders_api.schemas.events import EventQuery
from orders_api.services.feed.events import Wanted
from orders_api.services.feed.feed import Feed
from orders_api.services.feed.subscription import End, Subscription

_log = logging.getLogger(__name__)
_DROPPED: Final = {
    End.SLOW: "it did not take what was sent",
    End.NOISY: "it sent too much",
}


async def subscribed(
    request: HTTPConnection, query: EventQuery, since: int | None, pointer: str
) -> Subscription:
    """Return a subscription as a caller asks for it; `pointer` says where `since` stood.

    Raises:
        Unavailable: There are too many clients, or the database is away.
        Unprocessable: `since` lies behind the last change.
    """
    feed: Feed = request.state.feed
    wanted = Wanted(frozenset(query.status), query.region, query.customer_id)
    return await feed.admit(wanted, since, pointer)


@contextmanager
def running(request: HTTPConnection, client: Subscription) -> Iterator[None]:
    """Serve a client in the block: until its time or its credentials are over, or the service."""
    feed: Feed = request.state.feed
    request_running: RunningRequest = request.state.running_request
    principal: Principal = request.state.principal
    longest_s, rest_s = feed.settings.events_max_s, principal.until - time()
    over = End.CREDENTIALS if rest_s < longest_s else End.TIME

    def end() -> None:
        client.end(End.SHUTDOWN if request_running.draining else over)

    request_running.stream(min(longest_s, rest_s), end)
    with feed.joined(client):
        yield


def note(end: End) -> None:
    """Leave a line about a client that was dropped."""
    if end in _DROPPED:
        _log.warning("dropped a client of the feed: %s", _DROPPED[end])
