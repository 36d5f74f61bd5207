"""Postgres is killed under load and comes back: callers are told to wait, and then are served."""

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import httpx
import psutil
import pytest

from orders.engine import database_engine
from orders.migrate import upgrade
from orders_api.settings import Settings
from tally_local.postgres import EmbeddedPostgres
from tally_testing.serving import serving
from tally_testing.waiting import wait_until

ORDER = {"customer_id": 1, "total_cents": 100, "region": "eu-west"}
PATHS = ("/orders", "/orders/1", "/orders/1/history", "/items", "/health/ready")
BACK_WITHIN_S = 5
CLIENTS = 8


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server that a test may kill."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("server") / "postgres")
    server.start()
    try:
        with database_engine(settings_of(server)) as engine:
            upgrade(engine)
        yield server
    finally:
        server.stop()


def settings_of(server: EmbeddedPostgres) -> Settings:
    environment = {"DATABASE_URL": server.url(), "RATE_LIMIT": "10000000/minute"}
    return Settings.from_environment(environment)


class Load:
    """Clients that read and write until they are told to stop, and what they were answered."""

    def __init__(self, url: str) -> None:
        self.stop = Event()
        self.answers: Counter[int] = Counter()
        self._url = url

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=60) as client:
            while not self.stop.is_set():
                self._note(client.post("/orders", json=ORDER))
                for path in PATHS:
                    self._note(client.get(path))
                headers = {"if-match": "*"}
                self._note(client.patch("/orders/1", json={"status": "pending"}, headers=headers))

    def _note(self, response: httpx.Response) -> None:
        if response.status_code >= 400:
            assert response.status_code == 503, response.text
            assert response.json()["type"] == "/problems/unavailable"
            assert int(response.headers["retry-after"]) > 0
        self.answers[response.status_code] += 1


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGKILL], ids=lambda how: how.name)
def test_a_killed_postgres_is_503_and_full_service_when_it_is_back(
    server: EmbeddedPostgres, how: signal.Signals
) -> None:
    with serving(settings_of(server)) as api, ThreadPoolExecutor(CLIENTS) as threads:
        assert api.post("/orders", json=ORDER).json()["id"] == 1
        load = Load(str(api.base_url))
        running = [threads.submit(load.run) for _ in range(CLIENTS)]
        try:
            wait_until(lambda: load.answers[201] > 50, "orders are created")
            kill(server, how)
            before = load.answers[503]
            wait_until(lambda: load.answers[503] > before + 50, "callers are turned away")
            server.start()
            assert_all_is_well_soon(api)
        finally:
            load.stop.set()
        for each in running:
            each.result()


def kill(server: EmbeddedPostgres, how: signal.Signals) -> None:
    process = server._process
    assert process is not None
    backends = psutil.Process(process.pid).children()
    process.send_signal(how)
    process.wait()
    # Those that outlive a killed server end by themselves, and it does not start before.
    psutil.wait_procs(backends)


def assert_all_is_well_soon(api: httpx.Client) -> None:
    """Within the time that is promised, a whole round is answered, and from then on all are."""
    deadline = monotonic() + BACK_WITHIN_S
    while not whole_round(api):
        assert monotonic() < deadline, "no full service yet"
    for _ in range(10):
        assert whole_round(api)


def whole_round(api: httpx.Client) -> bool:
    answers = [api.post("/orders", json=ORDER), *(api.get(path) for path in PATHS)]
    return all(answer.is_success for answer in answers)
