"""An import as it arrives: decoded, cut, checked and spooled, while no transaction is open."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import Final, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orders.problems import Problem
from orders_api.problems import TooLarge
from orders_api.schemas.faults import pointer, reason
from orders_api.schemas.naming import as_sent
from orders_api.schemas.order import ImportedOrder
from orders_api.services.imports.gzip_blocks import Decoder
from orders_api.services.imports.lines import Line, LineSplitter
from orders_api.services.imports.records import NO_LINES, Reader
from orders_api.services.imports.report import BadLineError, Report

_IN_MEMORY: Final = 2**20
_BLOCK: Final = 2**18


@dataclass
class Rules:
    """What a line must satisfy beyond the rules of ImportedOrder; read from the database once.

    Args:
        begun: What the database's clock showed just now.
        currencies: The codes that there are.
        clock: Seconds that pass while a sender takes its time.
    """

    begun: datetime
    currencies: frozenset[str]
    clock: Callable[[], float] = monotonic
    _clock_at_begin: float = field(init=False)

    def __post_init__(self) -> None:
        """Note the time."""
        self._clock_at_begin = self.clock()

    def now(self) -> datetime:
        """Return the time by the database's clock, without asking it again."""
        return self.begun + timedelta(seconds=self.clock() - self._clock_at_begin)


def _ignore(_order: ImportedOrder) -> None:
    """Nobody wants to know."""


class Intake:
    """Takes a body in pieces and keeps the rows of its good lines, in COPY's text format.

    Not safe for threads at once; leaving the context removes the spool.

    Args:
        decoder: Undoes the Content-Encoding.
        reader: Makes records of lines.
        rules: What the database asks of a line.
        attribution: The last columns of every row, in COPY's text format.
        max_bytes: The most bytes of the body, as sent and decoded.
        note: Is told of every good line.
    """

    def __init__(
        self,
        decoder: Decoder,
        reader: Reader,
        rules: Rules,
        attribution: str,
        max_bytes: int,
        *,
        note: Callable[[ImportedOrder], None] = _ignore,
    ) -> None:
        self.report = Report()
        self._decoder = decoder
        self._reader = reader
        self._rules = rules
        self._begun = rules.begun.isoformat()
        self._attribution = attribution
        self._max_bytes = max_bytes
        self._note = note
        self._sent = self._decoded = 0
        self._digest = hashlib.sha256()
        self._lines = LineSplitter()
        self._spool = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  closed in __exit__
        self._fatal: Problem | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the spool."""
        self._spool.close()

    def feed(self, data: bytes) -> None:
        """Take the next piece of the body.

        What makes the whole body unreadable is raised by `close`, when the sender has sent it
        all: one that is still sending would not read the answer.

        Raises:
            TooLarge: The body is over the limit.
        """
        self._sent += len(data)
        self._check_size(self._sent)
        if self._fatal is not None:
            return
        try:
            for block in self._decoder.feed(data):
                self._decoded += len(block)
                self._digest.update(block)
                self._check_size(self._decoded)
                self._take(self._lines.feed(block))
        except TooLarge:
            raise
        except Problem as problem:
            self._fatal = problem

    def close(self) -> None:
        """Take the last line.

        Raises:
            Problem: The body could not be read to its end.
        """
        if self._fatal is not None:
            raise self._fatal
        self._decoder.close()
        self._take(self._lines.close())
        self._reader.close()

    def digest(self) -> bytes:
        """Return the SHA-256 of the body as it was before it was compressed."""
        return self._digest.digest()

    def rows(self) -> Iterator[bytes]:
        """Yield the rows in COPY's text format, in blocks."""
        self._spool.seek(0)
        while block := self._spool.read(_BLOCK):
            yield block

    def _take(self, lines: Iterator[Line]) -> None:
        rows = []
        for line in lines:
            try:
                record = self._reader.read(line)
                if record is not None:
                    rows.append(self._row(record.number, record.fields))
                    self.report.good += 1
            except BadLineError as bad:
                self.report.add(bad)
        self._spool.write("".join(rows).encode())

    def _row(self, number: int, fields: object) -> str:
        try:
            order = ImportedOrder.model_validate(fields)
        except ValidationError as error:
            raise BadLineError(number, *_reasons(error, fields)) from None
        if order.currency not in self._rules.currencies:
            raise BadLineError(number, ("currency", "There is no such currency in ISO 4217"))
        created_at = self._begun
        if order.created_at is not None:
            if order.created_at > self._rules.now():
                field = as_sent("/created_at", fields)[1:]
                raise BadLineError(number, (field, "It lies in the future"))
            created_at = order.created_at.isoformat()
        self._note(order)
        metadata = copy_text(json.dumps(order.metadata)) if order.metadata else "{}"
        return (
            f"{order.customer_id}\t{order.total_cents}\t{order.currency}\t{order.region}\t"
            f"{order.status.value}\t{metadata}\t{created_at}\t{self._attribution}\n"
        )

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise TooLarge(f"An import may have {self._max_bytes} bytes; nothing was imported.")


def copy_text(value: str | None) -> str:
    r"""Return a value as COPY's text format has it; None is \N."""
    if value is None:
        return r"\N"
    escaped = value.replace("\\", "\\\\").replace("\t", "\\t")
    return escaped.replace("\n", "\\n").replace("\r", "\\r")


def _reasons(error: ValidationError, fields: object) -> list[tuple[str | None, str]]:
    return [
        (pointer(item["loc"])[1:] or None, _reason(item, fields))
        for item in error.errors(include_url=False, include_input=False)
    ]


def _reason(error: ErrorDetails, fields: object) -> str:
    return NO_LINES if error["loc"] == ("lines",) else reason(error, fields)
