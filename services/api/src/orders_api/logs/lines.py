"""An event as a line: JSON for Cloud Logging, or words for a terminal."""

import json
import re
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
# What moves the cursor, clears the screen, begins a line or turns the direction of writing.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def as_json(event: Event) -> bytes:
    """Return the event as Cloud Logging reads it, on one line."""
    event["time"] = datetime.now(UTC)
    try:
        return orjson.dumps(event, option=_OPTIONS)
    except TypeError:
        # A lone surrogate, or a value that is none of JSON's.
        return json.dumps(event, default=str).encode() + b"\n"


def console(*, colors: bool) -> Render:
    """Return what shows an event to a person; a stack trace follows on lines of its own.

    Control characters are shown as Python writes them: nobody forges a line.
    """
    renderer = structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0)

    def render(event: Event) -> bytes:
        trace = event.pop(_MULTI_LINE, "")
        shown = {
            "timestamp": datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3],
            "level": event.pop("severity").lower(),
            "event": _visible(event.pop("message")),
            **{
                _visible(key.rpartition("/")[2]): _field(value)
                for key, value in event.items()
                if value is not None
            },
        }
        lines = [str(renderer(None, "", shown)), *map(_visible, trace.split("\n") if trace else ())]
        return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")

    return render


def _visible(text: str) -> str:
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _field(value: object) -> object:
    text = value if isinstance(value, str) else repr(value)
    return _visible(text) if _CONTROLS.search(text) else value
