"""JSON in which nothing is lost: no duplicate keys, no NaN, decimals kept exact."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn


class MalformedJsonError(ValueError):
    """The text is not JSON that can be taken without loss; the message says why."""


def decode(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; numbers with a point are Decimals.

    Raises:
        MalformedJsonError: It is no JSON, or holds what would be lost or misread.
    """
    try:
        return _DECODER.decode(data.decode())
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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedJsonError(f"the key {json.dumps(twice[:80])} stands twice in one object")
    return members


def _refuse(constant: str) -> NoReturn:
    raise MalformedJsonError(f"{constant} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Decimal, parse_constant=_refuse)
