"""The arithmetic of the report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from tests.benchmarks.orders.contenders import COMMON, NO_DATABASE
from tests.benchmarks.orders.load.generator import Sample


@dataclass(frozen=True)
class Round:
    """One contender under load once."""

    contender: str
    connections: int
    number: int
    """From 1, for each number of connections."""
    sample: Sample
    locked_up: bool
    """It did not take one more order when the load was over, and had to be killed."""

    @property
    def per_second(self) -> float:
        """Orders created a second."""
        return self.sample.created / self.sample.seconds

    @property
    def errors(self) -> int:
        """Answers other than 201, and connections that broke."""
        return self.sample.refused + self.sample.broken


@dataclass(frozen=True)
class Cell:
    """All rounds of a contender with so many connections: medians, and sums of what went wrong.

    Rounds in which it locked up are in no median: nobody shall look fast beside a standstill.
    """

    contender: str
    connections: int
    per_second: float | None
    p50_ms: float | None
    p99_ms: float | None
    errors: int
    rounds: int
    locked_up: int
    """The rounds after which it had to be killed."""
    to_common_pattern: float | None
    """Its throughput as a multiple of the common pattern's with pg8000."""
    to_no_database: float | None
    """Its throughput as a share of what FastAPI answers without a database."""


@dataclass(frozen=True)
class RowCheck:
    """Whether a table holds the orders that were answered.

    An order may be in the table without an answer: it was under way when the load ended, once at
    most on each connection, or its answer was an error. One that was answered must be there.
    """

    contender: str
    table: str
    answered: int
    """All answers 201, those of the warm-up among them."""
    unanswered: int
    """The most orders that may be there without an answer 201."""
    rows: int

    @property
    def holds(self) -> bool:
        """Whether nothing that was answered is missing, and nothing is there twice."""
        return self.answered <= self.rows <= self.answered + self.unanswered


def cells(rounds: Iterable[Round]) -> list[Cell]:
    """Sum up the rounds, in their order."""
    return [cell for group in _by_connections(rounds) for cell in _cells_of(group)]


def _by_connections(rounds: Iterable[Round]) -> Iterable[Sequence[Round]]:
    for _, group in groupby(rounds, key=lambda each: each.connections):
        yield list(group)


def _cells_of(rounds: Sequence[Round]) -> list[Cell]:
    names = list(dict.fromkeys(each.contender for each in rounds))
    of = {name: [each for each in rounds if each.contender == name] for name in names}
    speeds = {name: _median(each.per_second for each in _steady(of[name])) for name in names}
    return [_cell(of[name], speeds) for name in names]


def _cell(rounds: Sequence[Round], speeds: Mapping[str, float | None]) -> Cell:
    name = rounds[0].contender
    return Cell(
        contender=name,
        connections=rounds[0].connections,
        per_second=speeds[name],
        p50_ms=_median(each.sample.p50_ms for each in _steady(rounds)),
        p99_ms=_median(each.sample.p99_ms for each in _steady(rounds)),
        errors=sum(each.errors for each in rounds),
        rounds=len(rounds),
        locked_up=sum(each.locked_up for each in rounds),
        to_common_pattern=_ratio(speeds[name], speeds.get(COMMON.name)),
        to_no_database=_ratio(speeds[name], speeds.get(NO_DATABASE.name)),
    )


def _steady(rounds: Iterable[Round]) -> list[Round]:
    return [each for each in rounds if not each.locked_up]


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
