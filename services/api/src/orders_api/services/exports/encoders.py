"""Rows of a COPY as chunks of a file."""

from collections.abc import Callable
from typing import Final, Protocol

from orders_api.schemas.export import ExportFormat
from orders_api.services.exports.parquet import ParquetFile

Put = Callable[[bytes], None]

# Enough that it is compressed in a thread and not on the event loop.
_CHUNK: Final = 2**18


class Encoder(Protocol):
    """Takes rows, and puts out what it makes of them."""

    def write(self, row: bytes, /) -> object:
        """Take one whole row, with the line feed at its end."""

    def finish(self) -> None:
        """Put out what is left, when there are no more rows."""

    def abandon(self) -> None:
        """Put out nothing more."""


class Lines:
    """Rows as they are."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._gathered = bytearray()

    def write(self, row: bytes) -> None:
        """Take a row."""
        self._gathered += row
        if len(self._gathered) >= _CHUNK:
            self.finish()

    def finish(self) -> None:
        """Put out what is left."""
        if self._gathered:
            chunk, self._gathered = bytes(self._gathered), bytearray()
            self._put(chunk)

    def abandon(self) -> None:
        """Put out nothing more."""


class CsvLines(Lines):
    """Rows that end with CRLF, as RFC 4180 has it; Postgres ends them with a line feed."""

    def write(self, row: bytes) -> None:
        """Take a row."""
        super().write(row[:-1] + b"\r\n")


def encoder(form: ExportFormat, put: Put) -> Encoder:
    """Return what makes a file of this format out of the rows of its statement."""
    if form is ExportFormat.PARQUET:
        return ParquetFile(put)
    return Lines(put) if form is ExportFormat.NDJSON else CsvLines(put)
