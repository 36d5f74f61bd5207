"""How much is measured."""

from dataclasses import dataclass

from tests.benchmarks.orders.contenders import (
    CONTENDERS,
    NO_DATABASE,
    OURS,
    OURS_MEASURED,
    Contender,
)


@dataclass(frozen=True)
class Stage:
    """A number of connections, and how long it is measured."""

    connections: int
    rounds: int
    """For each contender."""
    seconds: float
    """Of one round: many times what an order takes when so many wait."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    stages: tuple[Stage, ...]
    warm_up_s: float
    contenders: tuple[Contender, ...] = CONTENDERS


FULL = Plan(
    (Stage(1, 5, 2), Stage(16, 5, 3), Stage(64, 5, 4), Stage(256, 5, 4), Stage(1000, 3, 6)),
    warm_up_s=2,
)
QUICK = Plan((Stage(16, 2, 1), Stage(64, 3, 1), Stage(1000, 1, 3)), warm_up_s=1)
# What measurements cost is little: many short rounds in turn, so that the machine's moods cancel.
METRICS = Plan((Stage(64, 15, 2),), 2, (OURS, OURS_MEASURED, NO_DATABASE))
