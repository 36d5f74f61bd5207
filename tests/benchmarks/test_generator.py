"""What a load generator sends, and what it reports."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.benchmarks.orders.load.generator import (
    Generator,
    Target,
    measure,
    python_client,
    write_bodies,
    wrk,
)

CONNECTIONS = 2


class Shop(ThreadingHTTPServer):
    """Takes orders, and refuses each tenth."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.lock = threading.Lock()
        self.keys: list[str | None] = []
        self.bodies: list[bytes] = []
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/orders"


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Shop

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.keys.append(self.headers["Idempotency-Key"])
            refused = len(self.server.bodies) % 10 == 0
            self.server.refused += refused
        self.send_response(503 if refused else 201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            # A load that is over closes its connections whatever they wait for.
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        thread = threading.Thread(target=shop.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield shop
        shop.shutdown()
        thread.join()


@pytest.fixture(params=["wrk", "python"])
def generator(request: pytest.FixtureRequest) -> Generator:
    if request.param == "python":
        return python_client()
    path = shutil.which("wrk")
    return wrk(path) if path else pytest.skip("wrk is not installed")


def put_load_on(shop: Shop, generator: Generator, tmp_path: Path, key_prefix: str | None) -> None:
    write_bodies(bodies := tmp_path / "bodies")
    sample = measure(generator, Target(shop.url, CONNECTIONS, 0.3, bodies, key_prefix))
    # Each connection may have been waiting for one more answer when the time was up.
    assert 0 <= len(shop.bodies) - sample.answers <= CONNECTIONS
    assert 0 <= shop.refused - sample.refused <= CONNECTIONS
    assert sample.created == sample.answers - sample.refused > 0
    assert sample.broken == 0
    assert sample.seconds >= 0.3
    assert sample.p50_ms is not None
    assert sample.p99_ms is not None
    assert 0 < sample.p50_ms <= sample.p99_ms


def test_every_request_has_a_key_of_its_own(
    shop: Shop, generator: Generator, tmp_path: Path
) -> None:
    put_load_on(shop, generator, tmp_path, "round")
    assert len(set(shop.keys)) == len(shop.keys)
    assert all(key and key.startswith("round-") for key in shop.keys)


def test_without_a_prefix_there_is_no_key_and_bodies_differ(
    shop: Shop, generator: Generator, tmp_path: Path
) -> None:
    put_load_on(shop, generator, tmp_path, None)
    assert set(shop.keys) == {None}
    assert len(set(shop.bodies)) > len(shop.bodies) / 2
    assert json.loads(shop.bodies[0]).keys() == {
        "customer_id", "total_cents", "region", "currency",
    }  # fmt: skip


def test_a_generator_that_fails_says_why(shop: Shop, generator: Generator, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    with pytest.raises(RuntimeError, match="nowhere"):
        measure(generator, Target(shop.url, CONNECTIONS, 0.3, nowhere, None))
