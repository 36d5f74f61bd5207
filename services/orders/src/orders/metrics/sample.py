"""Many values, of which some stand for all."""

from random import random
from typing import Final

KEPT: Final = 64
"""So many values stand for all of them."""


class Sample:
    """Takes any number of values and keeps a few, each with the same chance; one thread at once."""

    __slots__ = ("count", "total", "values")

    def __init__(self) -> None:
        self.values: list[float] = []
        self.count = 0
        self.total = 0.0

    def add(self, value: float) -> None:
        """Take a value."""
        self.count += 1
        self.total += value
        if self.count <= KEPT:
            self.values.append(value)
            return
        place = int(random() * self.count)  # noqa: S311  chance, not a secret
        if place < KEPT:
            self.values[place] = value
