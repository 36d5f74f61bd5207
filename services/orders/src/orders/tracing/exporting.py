"""Spans on their way to a receiver; nobody waits for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

from opentelemetry.trace import Tracer

from orders.tracing.settings import TracingSettings

_LEAVE_S: Final = 1.0
_EXPORT_S: Final = 5.0


@contextmanager
def open_tracing(settings: TracingSettings, name: str) -> Iterator[Tracer | None]:
    """Yield what begins spans, None if they go nowhere.

    A thread exports them. What does not fit its queue is lost, what a receiver does not take in
    time is lost, and logged.

    Args:
        settings: Where they go.
        name: What the service is called, if the settings do not say.
    """
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        yield None
        return
    # A fifth of a second to import.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  see above
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  see above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  see above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  see above

    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_S)
    resource = Resource.create({"service.name": settings.otel_service_name or name})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield provider.get_tracer("tally")
    finally:
        # It would wait for half a minute for a receiver that is slow.
        leaving = Thread(target=provider.shutdown, name="traces-shutdown", daemon=True)
        leaving.start()
        leaving.join(_LEAVE_S)
