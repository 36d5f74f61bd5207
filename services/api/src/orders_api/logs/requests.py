"""What a line says of the request in which it was written."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

_REQUEST: Final[ContextVar[Mapping[str, Any] | None]] = ContextVar("request", default=None)


def note_request(state: Mapping[str, Any]) -> None:
    """Say whose lines follow in this task and its threads: the ASGI state of a request."""
    _REQUEST.set(state)


class RequestFields:
    """Reads from the state of a request what its lines say: its id, its caller, its trace.

    Args:
        project: The Google Cloud project in which Cloud Trace keeps traces.
    """

    def __init__(self, project: str | None) -> None:
        self._prefix = f"projects/{project}/traces/" if project else ""

    def of(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields for a line."""
        fields: dict[str, Any] = {"request_id": state.get("request_id")}
        if (caller := state.get("caller")) is not None:
            fields["caller"] = caller.name
        if (trace := state.get("trace")) is not None:
            fields["logging.googleapis.com/trace"] = self._prefix + trace.trace_id
            fields["logging.googleapis.com/spanId"] = trace.span_id
        return fields

    def of_current(self) -> dict[str, Any]:
        """Return the fields of the request that is being answered, if one is."""
        state = _REQUEST.get()
        return {} if state is None else self.of(state)
