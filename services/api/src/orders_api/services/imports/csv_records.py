"""CSV (RFC 4180, but no line feeds in cells) with a header; an empty cell is a field left out."""

import csv
import re
from collections import Counter
from typing import Any, Final

from orders.problems import Unprocessable
from orders_api.problems import clip
from orders_api.schemas.naming import spellings
from orders_api.schemas.order import ImportedOrder
from orders_api.services.imports.lines import Line
from orders_api.services.imports.records import NO_LINES, Record, content, refused
from orders_api.services.imports.report import BadLineError
from orders_api.strict_json import MalformedJsonError, decode

_FIELDS: Final = ImportedOrder.model_fields
_REQUIRED: Final = [name for name, field in _FIELDS.items() if field.is_required()]
_SPELLINGS: Final = spellings(ImportedOrder)
_INTEGERS: Final = ("customer_id", "total_cents")
_INTEGER_COLUMNS: Final = {name for name, field in _SPELLINGS.items() if field in _INTEGERS}
_DIGITS: Final = re.compile(r"-?\d{1,30}", re.ASCII)


class CsvReader:
    """Reads CSV; a record ends with its line, so a stray quote spoils no other."""

    def __init__(self) -> None:
        self._header: list[str] | None = None

    def read(self, line: Line) -> Record | None:
        """Return the record of a line that is neither blank nor the header.

        Raises:
            BadLineError: The line is no record.
            Unprocessable: The header is wrong.
        """
        number = line[0]
        if self._header is not None:
            cells = _cells(line)
            return Record(number, self._fields(number, cells)) if cells else None
        try:
            self._header = _cells(line) or None
        except BadLineError as bad:
            raise _no_header(number, bad.errors) from bad
        _check_header(self._header, number)
        return None

    def close(self) -> None:
        """Check that there was a header.

        Raises:
            Unprocessable: There was none.
        """
        if self._header is None:
            raise refused("The header line is missing")

    def _fields(self, number: int, cells: list[str]) -> dict[str, Any]:
        header = self._header or []
        if len(cells) != len(header):
            detail = f"The line has {len(cells)} cells, the header has {len(header)}"
            raise BadLineError(number, (None, detail))
        fields: dict[str, Any] = {
            name: cell for name, cell in zip(header, cells, strict=True) if cell
        }
        for name in _INTEGER_COLUMNS & fields.keys():
            if _DIGITS.fullmatch(fields[name]):
                fields[name] = int(fields[name])
        if "metadata" in fields:
            fields["metadata"] = _json(number, fields["metadata"])
        return fields


def _json(number: int, cell: str) -> Any:
    try:
        return decode(cell.encode())
    except MalformedJsonError as error:
        raise BadLineError(number, ("metadata", f"The cell cannot be read: {error}")) from error


def _cells(line: Line) -> list[str]:
    """Return the cells of a line; none if it is blank."""
    number, data = line[0], content(line)
    try:
        return next(csv.reader((data.decode(),), strict=True), [])
    except UnicodeDecodeError as error:
        detail = f"Byte {error.start + 1} is not UTF-8"
        raise BadLineError(number, (None, detail)) from error
    except csv.Error as error:
        detail = f"The line is not CSV: {error}"
        if str(error) == "unexpected end of data":
            detail = "A quoted field does not end on this line"
        raise BadLineError(number, (None, detail)) from error


def _check_header(header: list[str] | None, number: int) -> None:
    if header is None:
        return
    known = f"There is no such column; these are: {', '.join(_FIELDS)}"
    unknown = [name for name in header if name not in _SPELLINGS]
    errors = [(clip(name), NO_LINES if name == "lines" else known) for name in unknown]
    fields = [_SPELLINGS.get(name, name) for name in header]
    last = dict(zip(fields, header, strict=True))
    twice = [field for field, count in Counter(fields).items() if count > 1]
    errors += [(clip(last[field]), "The column stands twice") for field in twice]
    errors += [(name, "The column is missing") for name in _REQUIRED if name not in last]
    if errors:
        raise _no_header(number, errors)


def _no_header(number: int, errors: Any) -> Unprocessable:
    return refused(
        "The header line is wrong",
        errors=[
            {"line": number, "field": field, "detail": detail} for field, detail in errors[:100]
        ],
        errors_omitted=max(0, len(errors) - 100),
    )
