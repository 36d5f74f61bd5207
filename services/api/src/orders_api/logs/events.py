"""What `logging` and structlog collected about an event, as the event that a line is made of."""

from collections.abc import MutableMapping
from typing import Any

from structlog.processors import format_exc_info

from orders_api.logs.lines import Event
from orders_api.logs.redaction import Redaction
from orders_api.logs.requests import RequestFields


class Shape:
    """The last of structlog's processors; its result goes to a `Render`.

    A stack trace stands in `stack_trace`, where Error Reporting looks for it.
    """

    def __init__(self, fields: RequestFields, redact: Redaction) -> None:
        self._fields = fields
        self._redact = redact

    def __call__(self, logger: Any, name: str, given: MutableMapping[str, Any]) -> Event:
        """Return the event, with the fields of its request and without secrets."""
        known = dict(format_exc_info(logger, name, given))
        event: Event = {
            "severity": known.pop("level").upper(),
            "message": self._redact(str(known.pop("event")).rstrip()),
        }
        if (trace := known.pop("exception", None)) is not None:
            event["stack_trace"] = self._redact(trace)
        for key, value in known.items():
            event[key] = self._redact(value) if isinstance(value, str) else value
        return event | self._fields.of_current()
