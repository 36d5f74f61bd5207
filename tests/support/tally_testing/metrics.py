"""Metrics that a test can read, and an agent that takes them as Datadog's does."""

import re
import socket
from collections import Counter as Count
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from orders.metrics.instruments import Counter, Gauge, Histogram, Instrument, Tags
from orders.metrics.sample import Sample

_LINE = re.compile(
    r"(?P<name>[\w.]+):(?P<value>-?[\d.]+(e[+-]?\d+)?)\|(?P<kind>[cgh])"
    r"(\|@(?P<rate>[\d.]+(e-?\d+)?))?(\|#(?P<tags>[^|\n]*))?(\|c:[^|\n]+)?"
)
_OWN = "datadog.dogstatsd.client."


class RecordingMetrics:
    """Keeps all that is measured."""

    def __init__(self) -> None:
        self.added: Count[tuple[Instrument, Tags]] = Count()
        self.values: dict[tuple[Instrument, Tags], list[float]] = {}
        self.samples: dict[tuple[Instrument, Tags], Sample] = {}
        self.gauges: dict[tuple[Instrument, Tags], Callable[[], float]] = {}
        self.flushes = 0

    def add(self, counter: Counter, value: float = 1, tags: Tags = ()) -> None:
        self.added[counter, tags] += value  # type: ignore[assignment]  # or a float

    def record(self, histogram: Histogram, value: float, tags: Tags = ()) -> None:
        self.values.setdefault((histogram, tags), []).append(value)

    def record_many(self, histogram: Histogram, sample: Sample, tags: Tags = ()) -> None:
        self.samples[histogram, tags] = sample

    def watch(self, gauge: Gauge, read: Callable[[], float], tags: Tags = ()) -> None:
        self.gauges[gauge, tags] = read

    def set(self, gauge: Gauge, value: float, tags: Tags = ()) -> None:
        self.gauges[gauge, tags] = lambda: value

    def flush(self) -> None:
        self.flushes += 1


@dataclass(frozen=True)
class Line:
    """A line of a datagram, as the protocol of DogStatsD has it."""

    name: str
    kind: str
    value: float
    rate: float
    tags: frozenset[str]


@dataclass
class Agent:
    """A UDP socket that takes datagrams.

    Args:
        socket: The socket.
    """

    socket: socket.socket
    datagrams: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def lines(self) -> list[Line]:
        """Return all that arrived until now, but for what the client tells of itself."""
        self._receive()
        return [
            line
            for datagram in self.datagrams
            for line in map(parsed, datagram.decode().splitlines())
            if not line.name.startswith(_OWN)
        ]

    def total(self, name: str, *tags: str) -> float:
        """Return the sum of a counter, or how many values a histogram had, over these tags."""
        return sum(
            line.value if line.kind == "c" else 1 / line.rate
            for line in self.lines()
            if line.name == name and line.tags >= set(tags)
        )

    def _receive(self) -> None:
        while True:
            try:
                self.datagrams.append(self.socket.recv(2**16))
            except BlockingIOError:
                return


@contextmanager
def agent() -> Iterator[Agent]:
    """Yield an agent on a loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taking:
        taking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
        taking.bind(("127.0.0.1", 0))
        taking.setblocking(False)
        yield Agent(taking)


def parsed(text: str) -> Line:
    """Read a line; whatever the protocol does not know fails the test."""
    match = _LINE.fullmatch(text)
    assert match, text
    tags = frozenset((match["tags"] or "").split(",")) - {""}
    rate = float(match["rate"] or 1)
    return Line(match["name"], match["kind"], float(match["value"]), rate, tags)
