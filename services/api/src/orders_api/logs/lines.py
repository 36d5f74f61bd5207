"""An event as a line: JSON for Cloud Logging, or words for a terminal."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog

Event = dict[str, Any]
"""`severity` and `message`, then whatever else is known; `time` is put there by the line."""

Render = Callable[[Event], bytes]

_OPTIONS: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
_MULTI_LINE: Final = "stack_trace"


def as_json(event: Event) -> bytes:
    """Return the event as Cloud Logging reads it, on one line."""
    event["time"] = datetime.now(UTC)
    try:
        return orjson.dumps(event, option=_OPTIONS)
    except TypeError:
        # A lone surrogate, or a value that is none of JSON's.
        return json.dumps(event, default=str).encode() + b"\n"


def console(*, colors: bool) -> Render:
    """Return what shows an event to a person; a stack trace follows on lines of its own."""
    renderer = structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0)

    def render(event: Event) -> bytes:
        trace = event.pop(_MULTI_LINE, None)
        shown = {
            "timestamp": datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3],
            "level": event.pop("severity").lower(),
            "event": event.pop("message"),
            **{key.rpartition("/")[2]: value for key, value in event.items() if value is not None},
        }
        text = str(renderer(None, "", shown))
        lines = f"{text}\n{trace}\n" if trace else f"{text}\n"
        return lines.encode(errors="backslashreplace")

    return render
