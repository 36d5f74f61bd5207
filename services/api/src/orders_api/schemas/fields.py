"""Values that arrive from outside, read without guessing."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

MAX_ID: Final = 2**63 - 1

# A pattern costs a tenth of what a function in Python does.
NO_NUL: Final = r"^[^\x00]*$"

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?[0-5]\d)?)", re.ASCII
)
_FORM: Final = (
    "Use ISO 8601 with an offset and at most microseconds, like"
    " 2026-11-21T09:00:00Z or 2026-11-21T09:00:00+01:00"
)
_WHOLE = re.compile(r"-?\d{1,30}", re.ASCII)


def instant(value: object) -> datetime:
    """Read ISO 8601 with an offset, to the microsecond; the answer is in UTC.

    Raises:
        ValueError: It is something else, or no moment of the calendar.
    """
    return _moment(value, _FORM)


def _url_instant(value: object) -> datetime:
    return _moment(value, f"{_FORM} (in a URL, + is %2B)")


def _moment(value: object, form: str) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError(form)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("There is no such date or time") from None


def _whole(value: object) -> object:
    """Pass digits on; Pydantic alone would take `1.0` and `1_0` for a number as well."""
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("Use a whole number in digits")
    return value


Instant = Annotated[datetime, BeforeValidator(instant)]
"""A moment, ISO 8601 with an offset, kept in UTC."""

UrlInstant = Annotated[datetime, BeforeValidator(_url_instant)]
"""An Instant in a URL, where who sends it may forget that + means a space."""

Digits = BeforeValidator(_whole)
"""Makes a whole number one of a URL; limits stand before it, or JSON Schema does not see them."""

Id = Annotated[int, Field(ge=1, le=MAX_ID), Digits]
"""An id in a URL."""

Text = Annotated[str, Field(pattern=NO_NUL)]
"""A text that Postgres can keep."""
