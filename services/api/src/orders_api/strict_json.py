"""JSON in which nothing is lost: no duplicate keys, no NaN, decimals kept exact."""

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

_MAX_MEMBERS: Final = 10_000
# `"":1` and a comma; a shorter text has fewer members.
_MEMBER_BYTES: Final = 5

_Pairs = list[tuple[str, Any]]


class MalformedJsonError(ValueError):
    """The text is not JSON that can be taken without loss; the message says why."""


def decode(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; numbers with a point are Decimals.

    Raises:
        MalformedJsonError: It is no JSON, holds what would be lost or misread, or its objects
            have more than 10,000 members in all.
    """
    try:
        may_be_many = len(data) > _MEMBER_BYTES * _MAX_MEMBERS
        decoder = _decoder(_counted()) if may_be_many else _DECODER
        return decoder.decode(data.decode())
    except MalformedJsonError:
        raise
    except UnicodeDecodeError as error:
        raise MalformedJsonError(f"byte {error.start + 1} is not UTF-8") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise MalformedJsonError(f"not valid JSON at {where}: {error.msg}") from error
    except RecursionError as error:
        raise MalformedJsonError("nested too deeply") from error
    except (ValueError, InvalidOperation) as error:
        raise MalformedJsonError("a number has too many digits") from error


def _decoder(object_of: Callable[[_Pairs], dict[str, Any]]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=object_of, parse_float=Decimal, parse_constant=_refuse
    )


def _object(pairs: _Pairs) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name in times if times[name] > 1)
        raise MalformedJsonError(f"the key {json.dumps(twice[:80])} stands twice in one object")
    return members


def _counted() -> Callable[[_Pairs], dict[str, Any]]:
    """Return `_object` for one text; each member may be an error, found while others wait."""
    total = 0

    def object_of(pairs: _Pairs) -> dict[str, Any]:
        nonlocal total
        members = _object(pairs)
        total += len(members)
        if total > _MAX_MEMBERS:
            raise MalformedJsonError(f"its objects have more than {_MAX_MEMBERS} members in all")
        return members

    return object_of


def _refuse(constant: str) -> NoReturn:
    raise MalformedJsonError(f"{constant} is no JSON number")


_DECODER: Final = _decoder(_object)
