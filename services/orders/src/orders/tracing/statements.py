"""Statements of an engine as spans."""

from typing import Any, Final

from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, get_current_span
from sqlalchemy import Engine, event

_SPAN: Final = "tally_span"


def trace_statements(engine: Engine, tracer: Tracer | None) -> None:
    """Let each statement of a request that is traced be a span; never with its values."""
    if tracer is None:
        return

    def begin(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if get_current_span().is_recording():
            text = statement.strip()
            attributes = {"db.system.name": "postgresql", "db.query.text": text}
            name = text.partition(" ")[0].partition("\n")[0].upper()
            connection.info[_SPAN] = tracer.start_span(
                name, kind=SpanKind.CLIENT, attributes=attributes
            )

    def end(connection: Any, *_: Any) -> None:
        _end(connection.info.pop(_SPAN, None))

    def fail(failure: Any) -> None:
        if failure.connection is not None:
            _end(failure.connection.info.pop(_SPAN, None), failure.original_exception)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)


def _end(span: Span | None, error: BaseException | None = None) -> None:
    if span is None:
        return
    if error is not None:
        span.set_status(StatusCode.ERROR, type(error).__name__)
    span.end()
