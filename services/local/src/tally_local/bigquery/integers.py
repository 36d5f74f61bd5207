from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tally_local.bigquery.errors import InvalidError

_LARGEST = 2**63 - 1


def whole_number(raw: Mapping[str, Any], name: str) -> int | None:
    """Return an integer that a request states, or None where it states none.

    Raises:
        InvalidError: It is not a whole number from 0 to the largest INT64.
    """
    value = raw.get(name)
    if value is None or value == "":
        return None
    written = str(value)
    # isdigit() alone would take digits of other scripts, and superscripts.
    if not (written.isascii() and written.isdigit()) or int(written) > _LARGEST:
        raise InvalidError(f"Invalid value for {name}: {written} is not a valid value")
    return int(written)
