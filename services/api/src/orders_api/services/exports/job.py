"""One export: what a thread does for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from orders.engine import Connect
from orders_api.clients.copying import Copying, terminate
from orders_api.schemas.export import ExportFormat
from orders_api.services.exports.encoders import encoder
from orders_api.services.exports.pipe import Pipe
from orders_api.services.exports.snapshot import take_snapshot

# A client that reads slowly is one of the things that COPY waits for.
_SETTINGS: Final = (
    "SET LOCAL statement_timeout = {timeout_ms}; SET LOCAL standard_conforming_strings = on"
)


@dataclass(frozen=True)
class Limits:
    """How long an export may take.

    Args:
        wait_s: Until transactions that were open before have ended.
        timeout_s: In all, for Postgres.
    """

    wait_s: float
    timeout_s: float


class Job:
    """Copies orders into a pipe: first the watermark in decimal digits, then the file.

    Args:
        connect: Makes connections to Postgres.
        limits: How long it may take.
        form: What the file is.
        statement: The COPY that suits it.
    """

    def __init__(
        self, connect: Connect, limits: Limits, form: ExportFormat, statement: str
    ) -> None:
        self.pipe = Pipe()
        self._connect = connect
        self._limits = limits
        self._form = form
        self._statement = statement
        self._copying: Copying | None = None

    def run(self) -> None:
        """Do it, in a thread; the reader of the pipe learns what went wrong."""
        try:
            self._run()
        except BaseException as error:  # noqa: BLE001  the reader raises it
            self.pipe.end(error)
        else:
            self.pipe.end()

    def stop(self) -> None:
        """End it, if it still runs: at once, whatever it waits for."""
        self.pipe.close()
        if self._copying is not None:
            self._copying.interrupt()

    def _run(self) -> None:
        file = encoder(self._form, self.pipe.put)
        try:
            with self._connection() as copying:
                last = take_snapshot(copying, self._limits.wait_s, self.pipe.closed)
                self.pipe.put(b"%d" % last)
                copying.command(_SETTINGS.format(timeout_ms=round(self._limits.timeout_s * 1000)))
                copying.copy(self._statement, file)
            file.finish()
        except BaseException:
            file.abandon()
            raise

    @contextmanager
    def _connection(self) -> Iterator[Copying]:
        copying = self._copying = Copying(self._connect)
        try:
            self.pipe.check()
            yield copying
        except BaseException:
            copying.close()
            if self.pipe.closed.is_set():
                terminate(self._connect, copying.pid)
            raise
        copying.close()
