"""Metrics to a Datadog agent, by datagrams that nobody waits for."""

import logging
from collections.abc import Sequence
from random import sample
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from datadog.dogstatsd.base import DogStatsd

from orders.metrics.collector import Reading
from orders.metrics.instruments import Counter, Gauge, Histogram
from orders.metrics.sample import KEPT
from orders.metrics.settings import MetricsSettings

_log = logging.getLogger(__name__)
_SAY_AGAIN_S: Final = 600.0
_DECIMALS: Final = 3
_RATE_DECIMALS: Final = 6
_HISTOGRAM: Final = "h"
_KINDS: Final[dict[type, str]] = {Counter: "c", Gauge: "g", Histogram: _HISTOGRAM}


class DatadogBackend:
    """Sends sums of counters, gauges as they are, and of histograms so many values at most.

    The agent scales a sample by its rate. A socket that is full, or at which nobody listens,
    loses what is sent: nothing here blocks.

    Args:
        settings: Where the agent is.
    """

    def __init__(self, settings: MetricsSettings) -> None:
        # It warns of each datagram that an agent did not take.
        logging.getLogger("datadog.dogstatsd").setLevel(logging.ERROR)
        self._client = _Client(settings)
        self._say_again_at = 0.0

    def take(self, readings: Sequence[Reading]) -> None:
        """Send them."""
        taken = [self._client.send_reading(reading) for reading in readings]
        if not (self._client.flush_buffered_metrics() and all(taken)):
            self._warn()

    def close(self) -> None:
        """Close the socket."""
        self._client.close_socket()

    def _warn(self) -> None:
        if monotonic() >= self._say_again_at:
            self._say_again_at = monotonic() + _SAY_AGAIN_S
            _log.warning("the Datadog agent does not take all metrics; they are lost")


class _Client(DogStatsd):
    """Buffers lines into datagrams; has no thread of its own.

    The package's own aggregation would take 3 µs of each measurement.
    """

    def __init__(self, settings: MetricsSettings) -> None:
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

    def send_reading(self, reading: Reading) -> bool:
        """Buffer a reading; False if a datagram that was full by then was not taken."""
        name = reading.instrument.name
        named = zip(reading.instrument.tags, reading.tags, strict=True)
        tags = [f"{tag}:{value}" for tag, value in named]
        kind = _KINDS[type(reading.instrument)]
        values = reading.values
        chosen = values if len(values) <= KEPT else sample(values, KEPT)
        rate = round(len(chosen) / reading.measured, _RATE_DECIMALS) if kind == _HISTOGRAM else 1
        # Its public twins would choose among them once more, and tell nothing.
        sent = [
            self._report(name, kind, round(value, _DECIMALS), tags, rate, sampling=False)
            for value in chosen
        ]
        return all(sent)


def _place(settings: MetricsSettings) -> tuple[str | None, int | None, str | None]:
    """Return the agent's host and port, or its socket, as the client is told."""
    url = settings.dd_dogstatsd_url
    if url is None:
        return settings.dd_agent_host, settings.dd_dogstatsd_port, None
    parts = urlsplit(url)
    if parts.scheme != "udp":
        return None, None, url
    return parts.hostname, parts.port or settings.dd_dogstatsd_port, None
