"""What Pydantic finds wrong, told to whoever sent it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orders_api.problems import clip
from orders_api.schemas.fields import NO_NUL
from orders_api.schemas.naming import twin

# Pydantic ends the place of a bad key with this mark.
_KEY_MARK: Final = "[key]"

# In place of Pydantic's words where those speak of Python.
_WORDS: Final = {
    "extra_forbidden": "There is no such field",
    "model_type": "Input should be a JSON object",
    "model_attributes_type": "Input should be a JSON object",
    "dict_type": "Input should be a JSON object",
    "list_type": "Input should be a JSON array",
    "string_unicode": "Half of a surrogate pair is no character",
}


def pointer(location: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a place as Pydantic names it."""
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in _unmarked(location)]
    return clip("".join(f"/{part}" for part in parts))


def parameter(location: Sequence[str | int]) -> str:
    """Return the name of a parameter at a place: `status`, or `metadata[channel]` of an object."""
    name, *keys = _unmarked(location)
    return clip(f"{name}{''.join(f'[{key}]' for key in keys if isinstance(key, str))}")


def reason(error: Mapping[str, Any], sent: object) -> str:
    """Return what is wrong, in a sentence; `sent` is what the error's place is a place in."""
    kind = str(error["type"])
    if kind == "extra_forbidden" and (other := _twin(error["loc"], sent)):
        return f"It is {other} in another spelling; send one of them"
    if kind == "string_pattern_mismatch" and error["ctx"]["pattern"] == NO_NUL:
        return "The NUL character cannot be stored"
    return _WORDS.get(kind) or clip(str(error["msg"]).removeprefix("Value error, "))


def _unmarked(location: Sequence[str | int]) -> Sequence[str | int]:
    """Drop the mark of a bad key; the same text may also be a key, that of a bad value."""
    marked = len(location) > 2 and location[-1] == _KEY_MARK and isinstance(location[-2], str)  # noqa: PLR2004
    return location[:-1] if marked else location


def _twin(location: Sequence[str | int], sent: Any) -> str | None:
    *path, name = location
    for part in path:
        sent = sent[part]
    return twin(str(name), sent)
