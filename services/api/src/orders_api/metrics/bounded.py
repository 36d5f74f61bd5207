"""Values that callers choose, as tags: a figure is kept for each, so there must be few."""

from typing import Final

OTHER: Final = "other"


class Bounded:
    """Passes on the first values that it sees, and `other` for every one beyond.

    Args:
        most: How many it passes on.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """Return the value, or `other`."""
        if value in self._known:
            return value
        if len(self._known) >= self._most:
            return OTHER
        self._known.add(value)
        return value
