"""Measurements: instruments, and the backends that they go to if one is turned on."""

from orders.metrics.backends import open_metrics
from orders.metrics.instruments import NO_METRICS, Metrics
from orders.metrics.settings import MetricsSettings

__all__ = ["NO_METRICS", "Metrics", "MetricsSettings", "open_metrics"]
