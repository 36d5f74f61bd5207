"""CSV (RFC 4180) with a header line; an empty cell is a field left out."""

import csv
import re
from collections import Counter
from typing import Any, Final

from orders.problems import Unprocessable
from orders_api.problems import clip
from orders_api.schemas.order import NewOrder
from orders_api.services.imports.lines import MAX_LINE, Line
from orders_api.services.imports.records import BOM, TOO_LONG, Record
from orders_api.services.imports.report import BadLineError
from orders_api.strict_json import MalformedJsonError, decode

_COLUMNS: Final = tuple(NewOrder.model_fields)
_REQUIRED: Final = [name for name, field in NewOrder.model_fields.items() if field.is_required()]
_CLOSING_QUOTE: Final = re.compile(rb'[^"]*(?:""[^"]*)*"(?!")')
_INTEGER: Final = re.compile(r"-?\d{1,30}", re.ASCII)


class CsvReader:
    """Reads CSV; a quoted line feed continues a record on the next line."""

    def __init__(self) -> None:
        self._header: list[str] | None = None
        self._begun = 0
        self._open = bytearray()

    def read(self, line: Line) -> Record | None:
        """Return the record that the line ends.

        Raises:
            BadLineError: The record that ends here is not one.
            Unprocessable: The header is none.
        """
        if self._header is not None:
            cells = self._cells(line)
            return Record(self._begun, self._fields(cells)) if cells else None
        try:
            self._header = self._cells(line) or None
        except BadLineError as bad:
            raise _no_header(bad.number, bad.errors) from bad
        _check_header(self._header, self._begun)
        return None

    def close(self) -> None:
        """Check that no quoted field is open.

        Raises:
            BadLineError: One is; the number is that of the line where its record begins.
            Unprocessable: One is in the header.
        """
        if not self._open:
            return
        error = (None, "A quoted field that begins here never ends")
        if self._header is None:
            raise _no_header(self._begun, [error])
        raise BadLineError(self._begun, error)

    def _cells(self, line: Line) -> list[str]:
        """Return the cells of the record that the line ends; none if it goes on or is blank."""
        number, data = line
        if not self._open:
            self._begun = number
        if data is None or len(self._open) + len(data) > MAX_LINE:
            self._open.clear()
            raise BadLineError(self._begun, (None, TOO_LONG + ", quoted line feeds included"))
        return self._continued(data) if self._open else self._first(data)

    def _first(self, data: bytes) -> list[str]:
        if self._begun == 1:
            data = data.removeprefix(BOM)
        cells = _parse(data, self._begun)
        if cells is None:
            self._open += data
        return cells or []

    def _continued(self, data: bytes) -> list[str]:
        """Take a line that begins inside a quoted field.

        Only the line itself is read to tell whether it ends the record: reading stays linear.
        """
        self._open += b"\n" + data
        try:
            if not _ends(data, self._begun):
                return []
            record = bytes(self._open)
            self._open.clear()
            return _parse(record, self._begun) or []
        except BadLineError:
            self._open.clear()
            raise

    def _fields(self, cells: list[str]) -> dict[str, Any]:
        header = self._header or []
        if len(cells) != len(header):
            detail = f"The line has {len(cells)} cells, the header has {len(header)}"
            raise BadLineError(self._begun, (None, detail))
        fields: dict[str, Any] = {
            name: cell for name, cell in zip(header, cells, strict=True) if cell
        }
        for name in ("customer_id", "total_cents"):
            if name in fields and _INTEGER.fullmatch(fields[name]):
                fields[name] = int(fields[name])
        if "metadata" in fields:
            fields["metadata"] = self._json(fields["metadata"])
        return fields

    def _json(self, cell: str) -> Any:
        try:
            return decode(cell.encode())
        except MalformedJsonError as error:
            raise BadLineError(self._begun, ("metadata", f"The cell is {error}")) from error


def _ends(line: bytes, begun: int) -> bool:
    """Tell whether a line that begins inside a quoted field ends the record."""
    closing = _CLOSING_QUOTE.match(line)
    return closing is not None and _parse(b'""' + line[closing.end() :], begun) is not None


def _parse(record: bytes, number: int) -> list[str] | None:
    """Return the cells of a record; None if a quoted field is still open."""
    try:
        return next(csv.reader((record.decode(),), strict=True), [])
    except UnicodeDecodeError as error:
        detail = f"Byte {error.start + 1} is not UTF-8"
        raise BadLineError(number, (None, detail)) from error
    except csv.Error as error:
        if str(error) == "unexpected end of data":
            return None
        raise BadLineError(number, (None, f"The line is not CSV: {error}")) from error


def _check_header(header: list[str] | None, number: int) -> None:
    if header is None:
        return
    known = f"There is no such column; these are: {', '.join(_COLUMNS)}"
    errors = [(clip(name), known) for name in header if name not in _COLUMNS]
    twice = [name for name, count in Counter(header).items() if count > 1]
    errors += [(clip(name), "The column stands twice") for name in twice]
    errors += [(name, "The column is missing") for name in _REQUIRED if name not in header]
    if errors:
        raise _no_header(number, errors)


def _no_header(number: int, errors: Any) -> Unprocessable:
    return Unprocessable(
        "The header line is wrong; nothing was imported.",
        slug="import-refused",
        errors=[
            {"line": number, "field": field, "detail": detail} for field, detail in errors[:100]
        ],
        errors_omitted=max(0, len(errors) - 100),
    )
