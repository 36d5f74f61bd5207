"""How measurements get to backends, whatever becomes of those."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier, Event, Thread

import pytest

from orders.metrics.catalog import HTTP_REQUESTS, POOL_IN_USE, POOL_SIZE
from orders.metrics.collector import Collector, Reading
from orders.metrics.instruments import Instrument

REQUEST = ("POST", "201", "/orders")
SELDOM_S = 3600.0
PATIENCE_S = 120.0


class Recording:
    """Keeps what it takes, by the times that it took something."""

    def __init__(self) -> None:
        self.taken: list[dict[Instrument, float]] = []
        self.closed = Event()

    def take(self, readings: Sequence[Reading]) -> None:
        if readings:
            self.taken.append({one.instrument: one.total for one in readings})

    def close(self) -> None:
        self.closed.set()


class Failing(Recording):
    def take(self, readings: Sequence[Reading]) -> None:
        raise ConnectionError(len(readings))

    def close(self) -> None:
        raise ConnectionError


class Stuck(Recording):
    """Takes nothing before it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_go_on = Event(), Event()

    def take(self, readings: Sequence[Reading]) -> None:
        self.begun.set()
        assert self.may_go_on.wait(PATIENCE_S)
        super().take(readings)


def test_a_backend_that_fails_takes_nothing_from_another(caplog: pytest.LogCaptureFixture) -> None:
    recording = Recording()
    backends = [Failing(), recording, Failing()]
    with closing(Collector(backends, SELDOM_S, PATIENCE_S)) as collector:
        for _ in range(3):
            collector.add(HTTP_REQUESTS, 1, REQUEST)
            collector.flush()
    assert recording.taken == [{HTTP_REQUESTS: 1}] * 3
    assert recording.closed.is_set()
    # Each is said once.
    assert caplog.messages == ["measurements were lost"] * 2


def test_a_gauge_that_cannot_be_read_keeps_nothing_else_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recording = Recording()
    values = iter([7.0])
    with closing(Collector([recording], SELDOM_S, PATIENCE_S)) as collector:
        collector.watch(POOL_IN_USE, lambda: next(values))
        collector.watch(POOL_SIZE, lambda: 20)
        for _ in range(2):
            collector.add(HTTP_REQUESTS, 1, REQUEST)
            collector.flush()
    assert recording.taken[:2] == [
        {POOL_IN_USE: 7, POOL_SIZE: 20, HTTP_REQUESTS: 1},
        {POOL_SIZE: 20, HTTP_REQUESTS: 1},
    ]
    assert caplog.messages == ["measurements were lost"]


def test_nobody_waits_for_a_backend_that_is_stuck_and_nothing_is_lost() -> None:
    stuck = Stuck()
    collector = Collector([stuck], SELDOM_S, patience_s=0.01)

    def work() -> None:
        for _ in range(3):
            collector.add(HTTP_REQUESTS, 1, REQUEST)
            collector.flush()
        collector.close()

    worker = Thread(target=work, daemon=True)
    worker.start()
    worker.join(PATIENCE_S)
    assert not worker.is_alive()
    assert not stuck.closed.is_set()
    stuck.may_go_on.set()
    assert stuck.closed.wait(PATIENCE_S)
    assert sum(taken[HTTP_REQUESTS] for taken in stuck.taken) == 3


def test_only_the_first_waits_for_a_backend_that_is_stuck() -> None:
    stuck = Stuck()
    collector = Collector([stuck], SELDOM_S, patience_s=0.01)
    collector.flush()
    assert stuck.begun.wait(PATIENCE_S)
    collector._patience_s = SELDOM_S
    flushing = Thread(target=collector.flush, daemon=True)
    flushing.start()
    flushing.join(PATIENCE_S)
    assert not flushing.is_alive()
    stuck.may_go_on.set()
    collector._patience_s = PATIENCE_S
    collector.close()
    assert stuck.closed.is_set()


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns so often that one is interrupted wherever it can be."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_threads_that_measure_while_it_is_handed_over_lose_nothing() -> None:
    recording, begin = Recording(), Barrier(4)

    def measure() -> int:
        measured = 0
        begin.wait(PATIENCE_S)
        while len(recording.taken) < 1000:
            collector.add(HTTP_REQUESTS, 1, REQUEST)
            measured += 1
        return measured

    with (
        # It hands over again and again.
        closing(Collector([recording], every_s=0, patience_s=PATIENCE_S)) as collector,
        ThreadPoolExecutor(4) as threads,
    ):
        measuring = [threads.submit(measure) for _ in range(4)]
        measured = sum(one.result(PATIENCE_S) for one in measuring)
    assert sum(taken[HTTP_REQUESTS] for taken in recording.taken) == measured
