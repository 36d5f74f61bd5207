"""Metrics as Prometheus asks for them, on a port of their own."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from threading import Lock

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector as Collected

from orders.metrics.collector import Reading
from orders.metrics.instruments import Counter, Gauge, Histogram, Instrument, Tags


class _Spread:
    """How many values lie at or below each bound of a histogram, since the start."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._below = [0] * len(bounds)
        self.count = 0
        self.total = 0.0

    def add(self, reading: Reading) -> None:
        values = sorted(reading.values)
        scale = reading.measured / len(values)
        for place, bound in enumerate(self._bounds):
            self._below[place] += round(bisect_right(values, bound) * scale)
        self.count += reading.measured
        self.total += reading.total

    def buckets(self) -> list[tuple[str, float]]:
        bounds = [str(float(bound)) for bound in self._bounds]
        return [*zip(bounds, self._below, strict=True), ("+Inf", self.count)]


class PrometheusBackend(Collected):
    """Keeps what was measured since the start, and answers with it.

    Args:
        host: The address to listen on.
        port: The port.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, host: str, port: int) -> None:
        self._sums: dict[tuple[Instrument, Tags], float] = defaultdict(float)
        self._spreads: dict[tuple[Histogram, Tags], _Spread] = {}
        self._lock = Lock()
        registry = CollectorRegistry()
        registry.register(self)
        self._server, self._thread = start_http_server(port, host, registry)

    def take(self, readings: Sequence[Reading]) -> None:
        """Add them."""
        with self._lock:
            for reading in readings:
                self._add(reading)

    def close(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def collect(self) -> Iterable[Metric]:
        """Return all series."""
        families: dict[Instrument, Metric] = {}
        with self._lock:
            for (instrument, tags), value in self._sums.items():
                family = families.setdefault(instrument, _family(instrument))
                family.add_metric(tags, value)  # type: ignore[attr-defined]
            for (histogram, tags), spread in self._spreads.items():
                family = families.setdefault(histogram, _family(histogram))
                family.add_metric(tags, spread.buckets(), spread.total)  # type: ignore[attr-defined]
        return families.values()

    def _add(self, reading: Reading) -> None:
        instrument = reading.instrument
        key = instrument, reading.tags
        if isinstance(instrument, Histogram):
            spread = self._spreads.setdefault(
                (instrument, reading.tags), _Spread(instrument.bounds)
            )
            spread.add(reading)
        elif isinstance(instrument, Gauge):
            self._sums[key] = reading.total
        else:
            self._sums[key] += reading.total


def _family(instrument: Instrument) -> Metric:
    name = instrument.name.replace(".", "_")
    if isinstance(instrument, Counter):
        return CounterMetricFamily(name, instrument.help, labels=instrument.tags)
    if isinstance(instrument, Gauge):
        return GaugeMetricFamily(name, instrument.help, labels=instrument.tags)
    return HistogramMetricFamily(name, instrument.help, labels=instrument.tags)
