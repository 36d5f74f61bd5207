"""NDJSON: one JSON object a line."""

from orders_api.services.imports.lines import Line
from orders_api.services.imports.records import Record, content
from orders_api.services.imports.report import BadLineError
from orders_api.strict_json import MalformedJsonError, decode


class NdjsonReader:
    """Reads NDJSON; blank lines are passed over."""

    def read(self, line: Line) -> Record | None:
        """Return the value of a line that is not blank.

        Raises:
            BadLineError: It is not JSON.
        """
        data = content(line)
        if not data:
            return None
        try:
            return Record(line[0], decode(data))
        except MalformedJsonError as error:
            raise BadLineError(line[0], (None, f"The line cannot be read: {error}")) from error

    def close(self) -> None:
        """Accept any end: a line is a record."""
