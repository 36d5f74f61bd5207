"""Kinds of values that an environment variable holds."""

from typing import Annotated, Any

from limits import parse
from pydantic import AfterValidator, BeforeValidator


def split(value: Any) -> Any:
    """Return the parts of a text between its commas; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _rate(value: str) -> str:
    parse(value)
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(split)]
"""A list, with commas between."""

Rate = Annotated[str, AfterValidator(_rate)]
"""So many in a time, as `limits` spells it: `100/minute`, `5 per 10 seconds`."""
