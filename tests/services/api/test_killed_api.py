"""The API is killed again and again while orders are created, and told to stop in order."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from random import Random

import httpx
import pytest
from sqlalchemy import Engine, text

from tally_local.ports import in_use
from tally_testing.retrying import NEW, assert_made_once, creating
from tally_testing.waiting import wait_for, wait_until

KILLS = 100
IN_FLIGHT = 20


@pytest.fixture
def port() -> int:
    """A free port that the system gives to nobody else while the API is away."""
    return next(port for port in Random().sample(range(20_000, 30_000), 100) if not in_use(port))


@contextmanager
def running(database_url: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The API as a process of its own, ready for requests; killed in the end."""
    command = [sys.executable, "-m", "uvicorn", "orders_api.main:app", "--port", str(port)]
    environment = os.environ | {"DATABASE_URL": database_url}
    with subprocess.Popen([*command, "--log-level", "warning"], env=environment) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/health/ready", patience_s=120)
            yield server
        finally:
            server.kill()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_api_that_is_killed_a_hundred_times_loses_and_doubles_no_order(
    database_url: str, engine: Engine, port: int
) -> None:
    random = Random(4)
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        with creating(url) as created:
            for _ in range(KILLS):
                with running(database_url, port) as server:
                    # It lives until it is killed, at a random moment.
                    with pytest.raises(subprocess.TimeoutExpired):
                        server.wait(random.uniform(0, 2))
                    server.kill()
            stack.enter_context(running(database_url, port))
        api = stack.enter_context(httpx.Client(base_url=url))
        assert len(created.answers) > KILLS
        assert created.replayed
        assert_made_once(engine, api, created.answers)


def test_an_api_that_is_told_to_stop_answers_what_it_has_taken_and_ends(
    database_url: str, engine: Engine, port: int
) -> None:
    with running(database_url, port) as server, ExitStack() as stack:
        with engine.begin() as connection:
            # Whoever writes an order stops in the middle of its transaction.
            connection.execute(text("LOCK TABLE order_changes IN EXCLUSIVE MODE"))
            answers = [stack.enter_context(in_flight(port)) for _ in range(IN_FLIGHT)]
            server.send_signal(signal.SIGTERM)
            wait_until(lambda: not in_use(port), "it took no more connections")
        created = [json.loads(body_of(answer)) for answer in answers]
        assert server.wait(timeout=10) == -signal.SIGTERM
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT id FROM orders")).scalars()
        assert sorted(stored) == sorted(order["id"] for order in created)
    assert len(created) == IN_FLIGHT


@contextmanager
def in_flight(port: int) -> Iterator[BufferedReader]:
    """A request for an order that the API carries out; yields where its answer can be read."""
    body = json.dumps(NEW).encode()
    head = (
        "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(head.encode())
        with sock.makefile("rb") as answer:
            # This is said when the route asks for the body.
            assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert answer.readline() == b"\r\n"
            sock.sendall(body)
            yield answer


def body_of(answer: BufferedReader) -> bytes:
    """Return the body of a 201."""
    assert answer.readline() == b"HTTP/1.1 201 Created\r\n"
    length = 0
    while (line := answer.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return answer.read(length)
