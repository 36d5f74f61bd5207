"""A contender that locks up is reported, killed and started anew."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.benchmarks.orders.contenders import Contender
from tests.benchmarks.orders.entrant import Entrant
from tests.benchmarks.orders.load.generator import Sample
from tests.benchmarks.orders.plan import Stage
from tests.benchmarks.server import Server
from tests.benchmarks.stalling_app import TAKEN

APP = "tests.benchmarks.stalling_app:app"
STALLS = Contender("stalls", APP, driver="postgresql", tables=())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(APP, "", tmp_path / "log")
    server.start()
    yield server
    server.stop(patience_s=0)


def load(url: str, connections: int, seconds: float) -> Sample:
    """One order a connection; a warm-up of 0 seconds sends none."""
    orders = connections if seconds else 0
    for _ in range(orders):
        httpx.post(f"{url}/orders", json={}).raise_for_status()
    return Sample(seconds, orders, 0, 0, p50_ms=1, p99_ms=1)


def test_a_lock_up_is_reported_and_the_next_round_finds_a_new_server(server: Server) -> None:
    entrant = Entrant(STALLS, "", server, load)
    entrant.start(warm_up_s=0)
    first_url = server.url
    assert entrant.round(Stage(TAKEN, 1, 1), 1, warm_up_s=0).locked_up
    assert server.url != first_url
    assert not entrant.round(Stage(TAKEN - 1, 1, 1), 2, warm_up_s=0).locked_up


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    server = Server("tests.benchmarks.nowhere:app", "", tmp_path / "log")
    server.start()
    with pytest.raises(RuntimeError, match=r"(?s)did not start.*nowhere"):
        server.wait()
    server.stop()
