"""Batches of a writer as spans: one for all requests of a batch, linked to each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Tracer,
    get_current_span,
    set_span_in_context,
)


class BatchSpans:
    """Tells whose requests a batch writes.

    Args:
        tracer: Begins spans; None if there are none.
        name: What the writer does.
    """

    def __init__(self, tracer: Tracer | None, name: str) -> None:
        self._tracer = tracer
        self._name = name

    def origin(self) -> SpanContext | None:
        """Return the span of the request at hand, if it is traced."""
        if self._tracer is None:
            return None
        span = get_current_span()
        return span.get_span_context() if span.is_recording() else None

    @contextmanager
    def of(self, origins: Sequence[SpanContext | None]) -> Iterator[None]:
        """Write a batch: a child of the first span, with links to all."""
        traced = [origin for origin in origins if origin is not None]
        if self._tracer is None or not traced:
            yield
            return
        attributes: dict[str, Any] = {"db.system.name": "postgresql"}
        attributes["db.operation.batch.size"] = len(origins)
        with self._tracer.start_as_current_span(
            self._name,
            set_span_in_context(NonRecordingSpan(traced[0])),
            kind=SpanKind.CLIENT,
            attributes=attributes,
            links=[Link(origin) for origin in traced],
        ):
            yield


NO_SPANS = BatchSpans(None, "")
