"""What measures, and who takes what is measured; no backend is known here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from orders.metrics.sample import Sample

Tags = tuple[str, ...]
"""The values of an instrument's tags, in their order."""


@dataclass(frozen=True, eq=False)
class Instrument:
    """Something that is measured.

    Args:
        name: As Datadog has it, with dots.
        help: What it is, in a few words.
        tags: What its figures are told apart by; each has few values, or is bounded.
    """

    name: str
    help: str
    tags: tuple[str, ...] = ()


class Counter(Instrument):
    """Only rises."""


class Gauge(Instrument):
    """Is as high as it is."""


@dataclass(frozen=True, eq=False)
class Histogram(Instrument):
    """How values are spread.

    Args:
        bounds: Upper bounds of the buckets, rising; what is above the last has one of its own.
    """

    bounds: tuple[float, ...] = ()


class Metrics(Protocol):
    """Takes measurements. From any thread; it raises nothing, and only `flush` waits."""

    def add(self, counter: Counter, value: float = 1, tags: Tags = ()) -> None:
        """Let a counter rise."""

    def record(self, histogram: Histogram, value: float, tags: Tags = ()) -> None:
        """Take a value."""

    def record_many(self, histogram: Histogram, sample: Sample, tags: Tags = ()) -> None:
        """Take the values that a sample stands for."""

    def watch(self, gauge: Gauge, read: Callable[[], float], tags: Tags = ()) -> None:
        """Read a gauge every few seconds from now on, in another thread."""

    def set(self, gauge: Gauge, value: float, tags: Tags = ()) -> None:
        """Set a gauge."""

    def flush(self) -> None:
        """Hand over now what was measured: the process may be stopped until its next request.

        It is handed over by another thread; whoever asks waits a second at most.
        """


class NoMetrics:
    """Measures nothing."""

    def add(self, counter: Counter, value: float = 1, tags: Tags = ()) -> None:
        """Do nothing."""

    def record(self, histogram: Histogram, value: float, tags: Tags = ()) -> None:
        """Do nothing."""

    def record_many(self, histogram: Histogram, sample: Sample, tags: Tags = ()) -> None:
        """Do nothing."""

    def watch(self, gauge: Gauge, read: Callable[[], float], tags: Tags = ()) -> None:
        """Do nothing."""

    def set(self, gauge: Gauge, value: float, tags: Tags = ()) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""


NO_METRICS: Final[Metrics] = NoMetrics()
