"""Traces by OpenTelemetry: off, and nothing is imported of its SDK, unless there is a receiver."""

from orders.tracing.exporting import open_tracing
from orders.tracing.settings import TracingSettings
from orders.tracing.spans import current_trace_id, flush, server_span, span
from orders.tracing.statements import trace_statements

__all__ = [
    "TracingSettings",
    "current_trace_id",
    "flush",
    "open_tracing",
    "server_span",
    "span",
    "trace_statements",
]
