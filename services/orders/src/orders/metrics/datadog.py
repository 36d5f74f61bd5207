"""Metrics to a Datadog agent, by datagrams that nobody waits for."""

import logging
import socket
from collections.abc import Sequence
from random import sample
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from datadog.dogstatsd.base import DogStatsd

from orders.metrics.collector import Reading
from orders.metrics.instruments import Counter, Gauge, Histogram
from orders.metrics.sample import KEPT
from orders.metrics.seldom import Seldom
from orders.metrics.settings import MetricsSettings

_log = logging.getLogger(__name__)
_CONNECT_EVERY_S: Final = 10.0
_DECIMALS: Final = 3
_RATE_DIGITS: Final = 6
_HISTOGRAM: Final = "h"
_KINDS: Final[dict[type, str]] = {Counter: "c", Gauge: "g", Histogram: _HISTOGRAM}


class DatadogBackend:
    """Sends sums of counters, gauges as they are, and of histograms so many values at most.

    The agent scales a sample by its rate. A socket that is full, or at which nobody listens,
    loses what is sent; only the look-up of the agent's name takes time.

    Args:
        settings: Where the agent is.
        connect_every_s: How often that is looked up at most.
    """

    def __init__(
        self, settings: MetricsSettings, connect_every_s: float = _CONNECT_EVERY_S
    ) -> None:
        # It warns of each datagram that an agent did not take.
        logging.getLogger("datadog.dogstatsd").setLevel(logging.ERROR)
        self._client = _Client(settings, connect_every_s)
        self._seldom = Seldom()

    def take(self, readings: Sequence[Reading]) -> None:
        """Send them."""
        taken = [self._client.send_reading(reading) for reading in readings]
        sent = self._client.flush_buffered_metrics() and all(taken)
        if not sent and self._seldom(self):
            _log.warning("the Datadog agent does not take all metrics; they are lost")

    def close(self) -> None:
        """Close the socket."""
        self._client.close_socket()


class _Client(DogStatsd):
    """Buffers lines into datagrams; has no thread of its own.

    The package's own aggregation would take 3 µs of each measurement.
    """

    def __init__(self, settings: MetricsSettings, connect_every_s: float) -> None:
        self._connect_every_s = connect_every_s
        self._connect_again_at = 0.0
        host, port, path = _place(settings)
        super().__init__(
            host=host,
            port=port,
            socket_path=path,
            disable_aggregation=True,
            disable_buffering=False,
            # No thread: what is buffered is sent when we say so.
            flush_interval=0,
            # Never wait for a socket.
            socket_timeout=0,
            track_instance=False,
        )
        # DD_… of the process's environment are among them already.
        given = {"env": settings.dd_env, "service": settings.dd_service} | {
            "version": settings.dd_version
        }
        tags = [f"{name}:{value}" for name, value in given.items() if value]
        self.constant_tags = list(dict.fromkeys([*self.constant_tags, *tags]))

    def get_socket(self, telemetry: bool = False) -> socket.socket:
        """Return a socket that is connected.

        Raises:
            OSError: It cannot be; or that was tried just before, and it has failed since. Without
                this each datagram would look the name up once more.
        """
        if self.socket is not None:
            return self.socket
        if monotonic() < self._connect_again_at:
            raise ConnectionError
        try:
            return super().get_socket(telemetry)
        finally:
            self._connect_again_at = monotonic() + self._connect_every_s

    def send_reading(self, reading: Reading) -> bool:
        """Buffer a reading; False if a datagram that was full by then was not taken."""
        name = reading.instrument.name
        named = zip(reading.instrument.tags, reading.tags, strict=True)
        tags = [f"{tag}:{value}" for tag, value in named]
        kind = _KINDS[type(reading.instrument)]
        values = reading.values
        chosen = values if len(values) <= KEPT else sample(values, KEPT)
        rate = _rate(len(chosen), reading.measured) if kind == _HISTOGRAM else 1
        # Its public twins would choose among them once more, and tell nothing.
        sent = [
            self._report(name, kind, round(value, _DECIMALS), tags, rate, sampling=False)
            for value in chosen
        ]
        return all(sent)


def _rate(chosen: int, measured: int) -> float:
    """Return it short, but never as 0: that would stand for no value at all."""
    return float(f"{chosen / measured:.{_RATE_DIGITS}g}")


def _place(settings: MetricsSettings) -> tuple[str | None, int | None, str | None]:
    """Return the agent's host and port, or its socket, as the client is told."""
    url = settings.dd_dogstatsd_url
    if url is None:
        return settings.dd_agent_host, settings.dd_dogstatsd_port, None
    parts = urlsplit(url)
    if parts.scheme != "udp":
        return None, None, url
    return parts.hostname, parts.port or settings.dd_dogstatsd_port, None
