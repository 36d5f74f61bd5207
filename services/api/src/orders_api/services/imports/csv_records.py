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
_INTEGER: Final = re.compile(r"-?\d{1,30}", re.ASCII)


class CsvReader:
    """Reads CSV; a quoted line feed continues a record on the next line."""

    def __init__(self) -> None:
        self._header: list[str] | None = None
        self._begun = 0
        self._open = b""

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
        """
        if self._open:
            raise BadLineError(self._begun, (None, "A quoted field that begins here never ends"))

    def _cells(self, line: Line) -> list[str]:
        """Return the cells of the record that the line ends; none if it goes on or is blank.

        Each record is parsed twice at most, so reading stays linear: where it begins, and where
        its quotes are even again.
        """
        number, data = line
        begins = not self._open
        if begins:
            self._begun = number
        record, self._open = self._joined(data), b""
        if begins or (data or b"").count(b'"') % 2:
            cells = _parse(record, self._begun)
            if cells is not None:
                return cells
            if not begins:
                raise BadLineError(self._begun, (None, "The quotes of this record are misplaced"))
        self._open = record
        return []

    def _joined(self, data: bytes | None) -> bytes:
        if data is not None and self._begun == 1 and not self._open:
            data = data.removeprefix(BOM)
        record = data if not self._open or data is None else self._open + b"\n" + data
        if record is None or len(record) > MAX_LINE:
            self._open = b""
            raise BadLineError(self._begun, (None, TOO_LONG + ", quoted line feeds included"))
        return record

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
