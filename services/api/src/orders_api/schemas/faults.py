"""Where in a JSON document a value is wrong."""

from collections.abc import Sequence

from orders_api.problems import clip

# Pydantic ends the place of a bad key with this mark.
_KEY_MARK = "[key]"


def pointer(location: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a place as Pydantic names it."""
    parts = [str(part) for part in location if part != _KEY_MARK]
    return clip("".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts))
