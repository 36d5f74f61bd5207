"""Spans of the work at hand: children of the one that the request began, if it began one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from threading import Thread
from typing import Any, Final

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_FLUSH_S: Final = 1.0
_TRACER: Final[ContextVar[Tracer | None]] = ContextVar("tracer", default=None)


@contextmanager
def server_span(tracer: Tracer | None, name: str, headers: Mapping[str, str]) -> Iterator[Span]:
    """Answer a request in the trace that its traceparent names, or in a new one.

    Without a tracer there is no span of our own, but the trace of the caller is still known.

    Args:
        tracer: Begins the span.
        name: What is done.
        headers: Of the request, their names in lower case.
    """
    given = _PROPAGATOR.extract(headers)
    set_tracer = _TRACER.set(tracer)
    try:
        if tracer is None:
            token = context.attach(given)
            try:
                yield trace.get_current_span()
            finally:
                context.detach(token)
        else:
            with tracer.start_as_current_span(name, given, kind=SpanKind.SERVER) as begun:
                yield begun
    finally:
        _TRACER.reset(set_tracer)


def span(name: str, **attributes: str | int) -> Any:
    """Return a context in which a part of the request is done, a span of its own."""
    tracer = _TRACER.get()
    if tracer is None:
        return nullcontext()
    return tracer.start_as_current_span(name, attributes=attributes)


def current_trace_id() -> str | None:
    """Return the trace of the request at hand, 32 hexadecimal digits; None if it has none."""
    found = trace.get_current_span().get_span_context()
    return f"{found.trace_id:032x}" if found.is_valid else None


def flush(tracer: Tracer | None) -> None:
    """Export what has ended: the process may be stopped until its next request."""
    processor = getattr(tracer, "span_processor", None)
    if processor is not None:
        # It would wait for a receiver that is away as long as an export may take.
        exporting = Thread(target=processor.force_flush, name="traces-flush", daemon=True)
        exporting.start()
        exporting.join(_FLUSH_S)
