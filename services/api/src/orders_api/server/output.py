"""What a client has not taken yet of what was written to it."""

from typing import Final

from orders_api.settings import Settings


class Output:
    """Tells when a client has taken nothing for too long; times are those of the event loop.

    Args:
        settings: How long that is.
    """

    def __init__(self, settings: Settings) -> None:
        self._timeout_s: Final = max(
            settings.send_timeout_s, settings.export_pause_s, settings.events_stall_s
        )
        self._taken = 0.0
        self._untaken = 0

    def taken(self, now: float) -> None:
        """Note that it took something."""
        self._taken = now

    def is_stuck(self, untaken: int, now: float) -> bool:
        """Tell whether it took nothing for too long, now that so many bytes are left."""
        if not self._untaken or untaken < self._untaken:
            self._taken = now
        self._untaken = untaken
        return now - self._taken > self._timeout_s
