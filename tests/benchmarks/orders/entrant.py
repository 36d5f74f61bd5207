"""A contender in the race: what is asked of it, and what becomes of it."""

import time
from collections.abc import Callable

import httpx
from tests.benchmarks.database import row_count
from tests.benchmarks.orders.contenders import Contender
from tests.benchmarks.orders.load.generator import Sample
from tests.benchmarks.orders.plan import Stage
from tests.benchmarks.orders.results import Round, RowCheck
from tests.benchmarks.server import Server

Load = Callable[[str, int, float], Sample]
"""Puts so many connections on a server for so many seconds."""

_WARM_UP_CONNECTIONS = 16
_PATIENCE_S = 20
_STILL_S = 2
_IDLE_CPU_S = 0.02
_ORDER = {"customer_id": 1, "total_cents": 1999, "region": "us-west", "currency": "USD"}


class Entrant:
    """A contender at its server, and the count of what it was asked to create."""

    def __init__(self, contender: Contender, database_url: str, server: Server, load: Load) -> None:
        self._contender = contender
        self._database_url = database_url
        self._server = server
        self._load = load
        self._answered = 0
        self._unanswered = 0

    def start(self, warm_up_s: float) -> None:
        """Wait until it is up, and warm it up."""
        self._server.wait()
        self._measure(_WARM_UP_CONNECTIONS, warm_up_s)

    def round(self, stage: Stage, number: int, warm_up_s: float) -> Round:
        """Put it under load once; it is idle afterwards, started anew where it has to be."""
        sample = self._measure(stage.connections, stage.seconds)
        if locked_up := self._locked_up():
            self._server.stop(patience_s=0)
            self._server.start()
            self.start(warm_up_s)
        return Round(self._contender.name, stage.connections, number, sample, locked_up)

    def finish(self) -> list[RowCheck]:
        """End its server, and compare its tables with what it has answered."""
        self._server.stop()
        return [
            RowCheck(
                contender=self._contender.name,
                table=table,
                answered=self._answered,
                unanswered=self._unanswered,
                rows=row_count(self._database_url, table),
            )
            for table in self._contender.tables
        ]

    def _measure(self, connections: int, seconds: float) -> Sample:
        sample = self._load(self._server.url, connections, seconds)
        self._answered += sample.created
        self._unanswered += connections + sample.refused + sample.broken
        return sample

    def _locked_up(self) -> bool:
        """Wait until it takes one more order, which stands in line behind all that it was sent.

        It has locked up when for two seconds it neither answers nor uses the CPU.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            before = self._server.cpu_seconds()
            status = self._take_an_order()
            if status == httpx.codes.CREATED:
                self._answered += 1
                return False
            self._unanswered += 1
            if status is None and self._server.cpu_seconds() - before < _IDLE_CPU_S:
                return True
        return True

    def _take_an_order(self) -> int | None:
        """Return the answer's status; None when there is no answer."""
        try:
            answer = httpx.post(f"{self._server.url}/orders", json=_ORDER, timeout=_STILL_S)
        except httpx.TransportError:
            return None
        if (
            answer.status_code == httpx.codes.CREATED
            and not _ORDER.items() <= answer.json().items()
        ):
            raise RuntimeError(f"{self._contender.name} made another order: {answer.text}")
        return answer.status_code
