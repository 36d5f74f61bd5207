"""A user's file of orders: CSV or NDJSON, gzip'd or not."""

import csv
import gzip
import json
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from orders.status import OrderStatus
from orders_api.schemas.naming import snake_case
from tally_local.demo.api import Api
from tally_local.demo.ledger import Booking, Ledger
from tally_local.errors import UserError

_CHUNK = 256 * 1024
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_SNIFFED = 4096


class OrdersFile:
    """A file as `POST /orders:import` takes it; what is inside decides, not its name.

    Raises:
        UserError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise UserError(f"cannot read {path}: it is not a regular file")
            with path.open("rb") as file:
                self._gzipped = file.read(2) == _GZIP
            with self._opened() as file:
                start = file.read(_SNIFFED).removeprefix(_BOM).lstrip()
            self._ndjson = start.startswith(b"{")
            orders = list(islice(self._lines(), 2))[0 if self._ndjson else 1 :]
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UserError(f"cannot read {path}: {reason}") from error
        if b"\0" in start:
            raise UserError(f"cannot read {path}: it is binary; send CSV or NDJSON in UTF-8")
        if start.startswith(b"["):
            raise UserError(f"{path} is a JSON array; send one JSON object a line")
        if not orders:
            raise UserError(f"there are no orders in {path}")

    def send(self, api: Api) -> None:
        """Import it through the API, as it is.

        Raises:
            UserError: The API refused it; the message lists the first bad rows.
        """
        media_type = "application/x-ndjson" if self._ndjson else "text/csv"
        api.import_orders(self._chunks(), media_type, "gzip" if self._gzipped else "identity")

    def book(self, ledger: Ledger, imported: date) -> None:
        """Enter its orders in the ledger; those without a `created_at` are of the day `imported`.

        Raises:
            UserError: A row cannot be understood.
        """
        number = 0
        try:
            for row in self._rows():
                ledger.book(_booking(row, imported))
                number += 1
        except (KeyError, ValueError, TypeError, AttributeError, csv.Error) as error:
            message = f"{self._path}: after order {number} comes what is none, yet the API took it"
            raise UserError(message) from error

    def reaches(self, instant: datetime) -> bool:
        """Tell whether an order was created then or later; a bad row or file says nothing."""
        with suppress(ValueError, csv.Error, OSError, EOFError, zlib.error):
            for row in self._rows():
                with suppress(ValueError, TypeError, AttributeError):
                    if datetime.fromisoformat(row.get("created_at") or "") >= instant:
                        return True
        return False

    def _chunks(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def _opened(self) -> Any:
        return gzip.open(self._path) if self._gzipped else self._path.open("rb")

    def _lines(self) -> Iterator[str]:
        """Yield the lines that are not blank; a record ends at its line, as the API has it."""
        with self._opened() as file:
            for number, line in enumerate(file):
                data = line if number else line.removeprefix(_BOM)
                if data.strip():
                    yield data.decode(errors="replace")

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield the records under our names, however the file spells them."""
        for record in self._records():
            yield {snake_case(name): value for name, value in record.items()}

    def _records(self) -> Iterator[dict[str, Any]]:
        if self._ndjson:
            yield from map(json.loads, self._lines())
            return
        cells = (next(csv.reader([line], strict=True)) for line in self._lines())
        header = next(cells)
        yield from (dict(zip(header, row, strict=True)) for row in cells)


def _booking(row: dict[str, Any], imported: date) -> Booking:
    created = row.get("created_at")
    return Booking(
        created=datetime.fromisoformat(created).astimezone(UTC).date() if created else imported,
        region=row.get("region") or "unknown",
        currency=row.get("currency") or "USD",
        total_cents=int(row["total_cents"]),
        status=OrderStatus(row.get("status") or "pending"),
    )
