"""What readers of NDJSON and of CSV have in common."""

from typing import Any, Final, NamedTuple, Protocol

from orders_api.services.imports.lines import MAX_LINE, Line

BOM: Final = b"\xef\xbb\xbf"
TOO_LONG: Final = f"A line may have {MAX_LINE} bytes"


class Record(NamedTuple):
    """The fields of one order, not yet checked, and the line they began on."""

    number: int
    fields: Any


class Reader(Protocol):
    """Makes records of lines as they come."""

    def read(self, line: Line) -> Record | None:
        """Return the record that this line ends, if it ends one.

        Raises:
            BadLineError: The line is no record; the next one may be.
            Unprocessable: The whole file cannot be read.
        """

    def close(self) -> None:
        """Check that the last record is whole.

        Raises:
            BadLineError: It is not.
        """
