"""What would fill the log if it were said each time."""

from time import monotonic
from typing import Final

_SAY_AGAIN_S: Final = 600.0


class Seldom:
    """Whether something may be said, once in ten minutes; one thread at once."""

    def __init__(self) -> None:
        self._again_at: dict[object, float] = {}

    def __call__(self, about: object) -> bool:
        """Return whether it is time to say something about this."""
        now = monotonic()
        if now < self._again_at.get(about, 0.0):
            return False
        self._again_at[about] = now + _SAY_AGAIN_S
        return True
