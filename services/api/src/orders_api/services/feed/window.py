"""The latest changes, in memory."""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from orders_api.services.feed.events import Event

_id: Final = attrgetter("id")


class Window:
    """The final changes behind some change_id, without a gap.

    Args:
        start: A change_id up to which all is final; the window begins behind it.
        most_events: How many it keeps.
        most_bytes: How much memory these may take, about.
    """

    def __init__(self, start: int, most_events: int, most_bytes: int) -> None:
        self.begin = start
        self.final = start
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self._events: list[Event] = []

    def extend(self, events: Sequence[Event], final: int) -> None:
        """Take the changes up to `final` that it has not yet; the oldest leave."""
        new = events[bisect_right(events, self.final, key=_id) :]
        self._events.extend(new)
        self._bytes += sum(event.size for event in new)
        self.final = max(self.final, final)
        leaving = 0
        while (
            len(self._events) - leaving > self._most_events or self._bytes > self._most_bytes
        ) and leaving < len(self._events):
            self._bytes -= self._events[leaving].size
            leaving += 1
        if leaving:
            self.begin = self._events[leaving - 1].id
            del self._events[:leaving]

    def after(self, position: int, most: int) -> Sequence[Event]:
        """Return the changes behind a position that is not before `begin`, so many at most."""
        first = bisect_right(self._events, position, key=_id)
        return self._events[first : first + most]
