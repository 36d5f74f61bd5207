"""Kinds of values that an environment variable holds.

What they say of a wrong value does not quote it: it may be a secret in the wrong place.
"""

import re
from typing import Annotated, Any, Final

from limits import parse
from pydantic import AfterValidator, StringConstraints

_ONE_RATE: Final = re.compile(r"[1-9]\d{0,8} ?(?:/|per) ?(?:[1-9]\d{0,3} ?)?[a-z]+")


def split(value: Any) -> Any:
    """Return the parts of a text between its commas; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _rate(value: str) -> str:
    try:
        if _ONE_RATE.fullmatch(value):
            parse(value)
            return value
    except ValueError:
        pass
    raise ValueError("It must be one rate, above zero, such as 100/minute or 5 per 10 seconds")


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A text that is not empty."""

Rate = Annotated[str, AfterValidator(_rate)]
"""So many in a time, as `limits` spells it: `100/minute`, `5 per 10 seconds`."""
