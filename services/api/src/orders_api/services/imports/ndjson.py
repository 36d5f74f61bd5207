"""NDJSON: one JSON object a line."""

from orders_api.services.imports.lines import Line
from orders_api.services.imports.records import Record, content, refused
from orders_api.services.imports.report import BadLineError
from orders_api.strict_json import MalformedJsonError, decode


class NdjsonReader:
    """Reads NDJSON; blank lines are passed over."""

    def __init__(self) -> None:
        self._empty = True

    def read(self, line: Line) -> Record | None:
        """Return the value of a line that is not blank.

        Raises:
            BadLineError: It is not JSON.
        """
        self._empty &= line[1] is not None
        data = content(line)
        if not data:
            return None
        self._empty = False
        try:
            return Record(line[0], decode(data))
        except MalformedJsonError as error:
            raise BadLineError(line[0], (None, f"The line cannot be read: {error}")) from error

    def close(self) -> None:
        """Check that not all lines were blank.

        Raises:
            Unprocessable: They were.
        """
        if self._empty:
            raise refused("The body is empty")
