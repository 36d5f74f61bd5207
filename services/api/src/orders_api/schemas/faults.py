"""What Pydantic finds wrong, told to whoever sent it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orders_api.problems import clip

# Pydantic ends the place of a bad key with this mark.
_KEY_MARK = "[key]"

# In place of Pydantic's words where those speak of Python.
_WORDS: Final = {
    "extra_forbidden": "There is no such field",
    "model_type": "Input should be a JSON object",
    "model_attributes_type": "Input should be a JSON object",
    "dict_type": "Input should be a JSON object",
}


def pointer(location: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a place as Pydantic names it."""
    parts = [str(part) for part in location if part != _KEY_MARK]
    return clip("".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts))


def reason(error: Mapping[str, Any]) -> str:
    """Return what is wrong, in a sentence."""
    kind = str(error["type"])
    return _WORDS.get(kind) or clip(str(error["msg"]).removeprefix("Value error, "))
