"""SIGTERM: what runs is finished, what cannot be is told so, and the process is gone in time."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from time import monotonic

import pytest
from sqlalchemy import Engine, text

from tally_local.ports import in_use
from tally_testing.api_process import ApiProcess, api_process
from tally_testing.raw_http import connected, is_closed, read_answer
from tally_testing.waiting import wait_until

ORDER = b'{"customer_id": 42, "total_cents": 1999}'
POST = (
    b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Idempotency-Key: once\r\nContent-Length: %d\r\n\r\n%b" % (len(ORDER), ORDER)
)
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Nobody reads or writes orders and items in the block."""
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE orders, items IN ACCESS EXCLUSIVE MODE"))
        yield


def wait_for_waiting(engine: Engine, count: int) -> None:
    def waits() -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(text(WAITING)).scalar_one() == count)

    wait_until(waits, f"{count} wait for the lock")


def used(sock: socket) -> None:
    """Use a connection once, so that it is open and idle."""
    sock.sendall(get("/health/live"))
    assert read_answer(sock).status == 200


def terminate(api: ApiProcess) -> None:
    api.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not in_use(api.port), "it took no more connections")


def test_what_runs_is_finished(database_url: str, engine: Engine, tmp_path: Path) -> None:
    with api_process(database_url, tmp_path) as api, connected(api.port) as sock:
        with locked(engine):
            sock.sendall(POST)
            wait_for_waiting(engine, 1)
            terminate(api)
        answer = read_answer(sock)
        assert (answer.status, answer.headers["connection"]) == (201, "close")
        assert api.process.wait(timeout=60) == -signal.SIGTERM


def test_open_connections_are_served_once_more_and_it_is_not_ready(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    with api_process(database_url, tmp_path) as api, connected(api.port) as first:
        used(first)
        terminate(api)
        first.sendall(get("/health/ready"))
        answer = read_answer(first)
        assert (answer.status, answer.problem()) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["connection"] == "close"
        assert api.process.wait(timeout=60) == -signal.SIGTERM
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM orders")).scalar_one() == 0


def test_an_idle_connection_is_closed(database_url: str, tmp_path: Path) -> None:
    with api_process(database_url, tmp_path) as api, connected(api.port) as idle:
        used(idle)
        terminate(api)
        assert is_closed(idle)
        assert api.process.wait(timeout=60) == -signal.SIGTERM


@pytest.mark.slow
def test_what_cannot_be_finished_is_told_so_in_time(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    with api_process(database_url, tmp_path) as api, locked(engine):
        with connected(api.port) as writer, connected(api.port) as reader:
            writer.sendall(POST)
            reader.sendall(get("/items"))
            wait_for_waiting(engine, 2)
            begun = monotonic()
            terminate(api)
            written, read = read_answer(writer), read_answer(reader)
            assert api.process.wait(timeout=60) == -signal.SIGTERM
            # Cloud Run kills it after ten.
            assert monotonic() - begun < 10
        for answer in (written, read):
            assert (answer.status, answer.problem()) == (503, "unavailable")
            assert answer.headers["connection"] == "close"
        assert "the outcome of the request is not known" in json.loads(written.body)["detail"]
        assert "nothing was changed" in json.loads(read.body)["detail"]


@pytest.mark.parametrize("sent", [b"", b"GET / HT"])
def test_a_connection_that_asks_nothing_keeps_nobody(
    database_url: str, tmp_path: Path, sent: bytes
) -> None:
    with api_process(database_url, tmp_path) as api, connected(api.port) as sock:
        sock.sendall(sent)
        terminate(api)
        assert is_closed(sock)
        assert api.process.wait(timeout=60) == -signal.SIGTERM
