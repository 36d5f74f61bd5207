"""NDJSON: one JSON object a line."""

from orders_api.services.imports.lines import Line
from orders_api.services.imports.records import BOM, TOO_LONG, Record
from orders_api.services.imports.report import BadLineError
from orders_api.strict_json import MalformedJsonError, decode


class NdjsonReader:
    """Reads NDJSON; blank lines are passed over."""

    def read(self, line: Line) -> Record | None:
        """Return the value of a line that is not blank.

        Raises:
            BadLineError: It is not JSON.
        """
        number, data = line
        if data is None:
            raise BadLineError(number, (None, TOO_LONG))
        if number == 1:
            data = data.removeprefix(BOM)
        if not data.strip():
            return None
        try:
            return Record(number, decode(data))
        except MalformedJsonError as error:
            raise BadLineError(number, (None, f"The line is wrong: {error}")) from error

    def close(self) -> None:
        """Accept any end: a line is a record."""
