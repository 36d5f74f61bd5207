"""Every difference between two JSON documents, one a line, whatever it means."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tally_testing.contract.change import Change

_LONGEST: Final = 80


def differences(old: Any, new: Any, path: str = "") -> Iterator[Change]:
    """Yield what was added, removed and changed, by JSON pointer; a new object as one."""
    old, new = _by_name(old), _by_name(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            place = f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key not in new:
                yield Change(place, "removed", breaking=False)
            elif key not in old:
                yield Change(place, f"added {_short(new[key])}", breaking=False)
            else:
                yield from differences(old[key], new[key], place)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}/{index}")
    elif _text(old) != _text(new):
        yield Change(path, f"{_short(old)} is now {_short(new)}", breaking=False)


def _by_name(value: Any) -> Any:
    """Return a list of parameters by their names: their order means nothing."""
    if isinstance(value, list) and value and all(isinstance(v, dict) and "in" in v for v in value):
        return {f"{parameter['in']} {parameter['name']}": parameter for parameter in value}
    return value


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
