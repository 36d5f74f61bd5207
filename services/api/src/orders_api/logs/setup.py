"""Where all lines come together: ours, those of libraries, warnings, errors nobody caught."""

import logging
import os
import sys
import threading
from types import TracebackType
from typing import Final

import structlog
from structlog.stdlib import ProcessorFormatter

from orders_api.logs.access import AccessLog
from orders_api.logs.events import Shape
from orders_api.logs.lines import Event, Render, as_json, console
from orders_api.logs.output import Output
from orders_api.logs.redaction import Redaction, secrets_of
from orders_api.logs.requests import RequestFields
from orders_api.settings import Settings

_uncaught: Final = logging.getLogger("uncaught")
# Of the process, as `logging` itself is.
_access: AccessLog | None = None
_output: Output | None = None


def configure(settings: Settings) -> None:
    """Send every line of the process to standard output, in one form; once a process."""
    global _access, _output  # noqa: PLW0603  as `logging` itself, they are the process's
    render = _render(settings)
    _output = output = Output(_standard_output(), lambda count: render(_lost(count)))
    fields = RequestFields(settings.google_cloud_project)

    def write(event: Event) -> None:
        output.write(render(event))

    # As lines of requests are INFO, or WARNING if we failed.
    failures_only = settings.log_level in {"warning", "error"}
    _access = AccessLog(write, fields, failures_only=failures_only)
    _collect(_Handler(output, render), Shape(fields, Redaction(secrets_of(settings))), settings)


def access_log() -> AccessLog | None:
    """Return what writes a line for each request; None before `configure`."""
    return _access


def flush(patience_s: float = 1.0) -> None:
    """Wait until all lines are written, at most for so long."""
    if _output is not None:
        _output.flush(patience_s)


class _Handler(logging.Handler):
    def __init__(self, output: Output, render: Render) -> None:
        super().__init__()
        self._output = output
        self.render = render

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._output.write(self.format(record).encode())
        except Exception:  # noqa: BLE001  whoever logs must not fail of it
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        message = f"a line of {record.name}, line {record.lineno}, could not be written"
        self._output.write(self.render({"severity": "ERROR", "message": message}))


def _collect(handler: _Handler, shape: Shape, settings: Settings) -> None:
    """Let whatever anybody logs go to the handler."""
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                shape,
                lambda _logger, _name, event: handler.render(dict(event)).decode(),
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _on_uncaught
    threading.excepthook = _on_uncaught_in_thread


def _on_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _uncaught.critical("an error that nobody caught", exc_info=(kind, error, trace))
    flush()


def _on_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        error = (args.exc_type, args.exc_value, args.exc_traceback)
        _uncaught.critical("an error that nobody caught ended a thread", exc_info=error)


def _render(settings: Settings) -> Render:
    terminal = sys.stdout is not None and sys.stdout.isatty()
    wanted = settings.log_format or ("console" if terminal else "json")
    return as_json if wanted == "json" else console(colors=terminal)


def _standard_output() -> int:
    # None if it was closed when the process began; its number may be another file's by now.
    if sys.stdout is None:
        return os.open(os.devnull, os.O_WRONLY)
    return sys.stdout.fileno()


def _lost(count: int) -> Event:
    return {"severity": "WARNING", "message": f"{count} log lines were lost: too slow a reader"}
