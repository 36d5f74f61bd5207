"""What readers of NDJSON and of CSV have in common."""

from typing import Any, Final, NamedTuple, Protocol

from orders.problems import Unprocessable
from orders_api.services.imports.lines import MAX_LINE, Line
from orders_api.services.imports.report import BadLineError

_BOM: Final = b"\xef\xbb\xbf"

NO_LINES: Final = "An import takes no lines; post orders that have some one by one, to /orders"
"""Why a record with `lines` is refused."""


class Record(NamedTuple):
    """The fields of one order, not yet checked, and the line they are on."""

    number: int
    fields: Any


class Reader(Protocol):
    """Makes a record of each line that has one."""

    def read(self, line: Line) -> Record | None:
        """Return the record of this line, if it has one.

        Raises:
            BadLineError: The line is no record; the next one may be.
            Unprocessable: The whole file cannot be read.
        """

    def close(self) -> None:
        """Check that there was something to read.

        Raises:
            Unprocessable: There was nothing, not even the header of CSV.
        """


def refused(detail: str, **members: Any) -> Unprocessable:
    """Return the problem of a body of which nothing can be imported."""
    return Unprocessable(f"{detail}; nothing was imported.", slug="import-refused", **members)


def content(line: Line) -> bytes:
    """Return what stands on a line; nothing if that is only white space.

    Raises:
        BadLineError: The line is too long to be read.
    """
    number, data = line
    if data is None:
        raise BadLineError(number, (None, f"A line may have {MAX_LINE} bytes"))
    if number == 1:
        data = data.removeprefix(_BOM)
    return data if data.strip() else b""
