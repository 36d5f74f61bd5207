"""The backends that settings turn on."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

from orders.metrics.collector import Backend, Collector
from orders.metrics.instruments import NO_METRICS, Metrics
from orders.metrics.settings import MetricsSettings

_log = logging.getLogger(__name__)


@contextmanager
def open_metrics(settings: MetricsSettings) -> Iterator[Metrics]:
    """Yield what takes measurements to the backends; `NO_METRICS`, which costs nothing, to none."""
    backends = _backends(settings)
    if not backends:
        yield NO_METRICS
        return
    with closing(Collector(backends)) as collector:
        yield collector


def _backends(settings: MetricsSettings) -> list[Backend]:
    # Each is imported by whoever uses it: together they take a fifth of a second.
    # Who waits for the network comes last.
    found: list[Backend] = []
    if settings.prometheus_port is not None:
        from orders.metrics.prometheus import PrometheusBackend  # noqa: PLC0415  see above

        try:
            found.append(PrometheusBackend(settings.prometheus_host, settings.prometheus_port))
        except OSError:
            # Orders can be taken without.
            _log.exception("Prometheus cannot be served")
    if settings.dd_metrics_enabled:
        from orders.metrics.datadog import DatadogBackend  # noqa: PLC0415  see above

        found.append(DatadogBackend(settings))
    return found
