"""Exports that come to no end: nobody takes a part for the whole, and nothing stays behind."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders_api.settings import Settings
from tally_testing.api_process import ApiProcess, api_process
from tally_testing.raw_http import connected
from tally_testing.waiting import wait_until

# More than fits into what lies between Postgres and a client that does not read.
MANY = 40_000
END = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'COPY (SELECT%'""")
SLOW = "CREATE FUNCTION slow() RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(600) IS NOT NULL'"
Copies = Callable[[], int]


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Callable[..., Any]:
    """How a test runs the API as a process with settings of its own."""
    return lambda **settings: api_process(
        # Other workers have transactions on the same server.
        database_url,
        tmp_path,
        **{"export_wait_s": 60, **settings},
    )


@contextmanager
def asking(port: int, form: str = "ndjson") -> Iterator[socket.socket]:
    """Yield a connection on which an export was asked for."""
    with connected(port) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)
        head = f"GET /orders:export?format={form} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        sock.sendall(head.encode())
        yield sock


def warnings(api: ApiProcess) -> list[str]:
    return [line["message"] for line in api.lines() if line["severity"] != "INFO"]


def begins(sock: socket.socket) -> bool:
    """Wait until the answer has begun."""
    return sock.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 200"


def read_on(sock: socket.socket) -> None:
    """Read an answer to its end as an HTTP client does."""
    response = HTTPResponse(sock)
    response.begin()
    response.read()


def is_broken_off(sock: socket.socket) -> bool:
    assert begins(sock)
    try:
        read_on(sock)
    except (IncompleteRead, ConnectionError):
        return True
    return False


def test_a_client_that_leaves_ends_its_copy(
    run: Any, fill: Callable[[int], None], copies: Copies
) -> None:
    fill(MANY)
    with run() as api:
        with asking(api.port) as sock:
            assert begins(sock)
            assert copies() == 1
        wait_until(lambda: copies() == 0, "its COPY has ended")
        assert httpx.head(f"{api.url}/orders:export", timeout=120).status_code == 200
        assert warnings(api) == []


def test_one_that_leaves_while_postgres_has_found_nothing_yet_ends_it_too(
    run: Any, fill: Callable[[int], None], copies: Copies, engine: Engine
) -> None:
    fill(1)
    with engine.begin() as connection:
        connection.execute(text(SLOW))
        connection.execute(text("ALTER TABLE orders RENAME TO kept"))
        connection.execute(text("CREATE VIEW orders AS SELECT * FROM kept WHERE slow()"))
    with run() as api:
        with asking(api.port):
            wait_until(lambda: copies() == 1, "the export runs")
        wait_until(lambda: copies() == 0, "its COPY has ended")
        wait_until(lambda: "/orders:export" in str(api.lines()), "it was logged")
        assert [line["status"] for line in api.lines() if "status" in line][-1] == 499


def test_a_client_that_takes_nothing_is_dropped(
    run: Any, fill: Callable[[int], None], copies: Copies
) -> None:
    fill(MANY)
    with run(export_pause_s=1) as api, asking(api.port) as sock:
        assert begins(sock)
        wait_until(lambda: copies() == 0, "its COPY has ended")
        assert is_broken_off(sock)
        wait_until(lambda: bool(warnings(api)), "it was logged")
        [warning] = warnings(api)
        assert "its client took nothing for too long" in warning


@pytest.mark.slow
def test_one_that_reads_slowly_but_on_may_take_its_time(
    run: Any, fill: Callable[[int], None]
) -> None:
    fill(MANY)
    with run(export_pause_s=10) as api, asking(api.port) as sock:
        response = HTTPResponse(sock)
        response.begin()
        begun, lines = time.monotonic(), 0
        while piece := response.read(2**20):
            lines += piece.count(b"\n")
            # Longer than the limit in all, in pauses that are much shorter.
            while time.monotonic() < begun + 12 * min(1, lines / MANY):
                time.sleep(0.01)
        assert lines == MANY
        assert warnings(api) == []


@pytest.mark.slow
def test_an_export_that_takes_too_long_in_all_is_broken_off(
    run: Any, fill: Callable[[int], None], copies: Copies
) -> None:
    fill(MANY)
    with run(export_timeout_s=10) as api, asking(api.port) as sock:
        assert begins(sock)
        wait_until(lambda: copies() == 0, "its COPY has ended")
        assert is_broken_off(sock)


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet"])
def test_when_postgres_is_lost_midway_nobody_takes_the_rest_for_a_file(
    run: Any, fill: Callable[[int], None], copies: Copies, engine: Engine, form: str
) -> None:
    fill(MANY)
    with run() as api, asking(api.port, form) as sock:
        assert begins(sock)
        assert copies() == 1
        with engine.connect() as connection:
            assert connection.execute(END).scalars().all() == [True]
        assert is_broken_off(sock)
        wait_until(lambda: bool(warnings(api)), "it was logged")
        assert warnings(api)[0].startswith("broken off: Unavailable(")
        assert len(warnings(api)) == 1


def test_two_run_at_once_and_a_third_is_told_to_come_back(
    run: Any, fill: Callable[[int], None], copies: Copies, problem: Any
) -> None:
    fill(MANY)
    with run() as api:
        with asking(api.port), asking(api.port):
            wait_until(lambda: copies() == 2, "two exports run")
            third = httpx.get(f"{api.url}/orders:export", timeout=120)
            assert problem(third)["detail"] == "2 exports run here already."
            assert third.headers["retry-after"] == "10"
            assert httpx.get(f"{api.url}/orders?limit=1", timeout=120).status_code == 200
        wait_until(lambda: copies() == 0, "both have ended")
        head = partial(httpx.head, f"{api.url}/orders:export", timeout=120)
        wait_until(lambda: head().status_code == 200, "there is room again")


def test_an_export_that_cannot_end_before_the_service_does_is_broken_off(
    run: Any, fill: Callable[[int], None], copies: Copies
) -> None:
    fill(MANY)
    with run(drain_s=1) as api, asking(api.port) as sock:
        assert begins(sock)
        api.process.send_signal(signal.SIGTERM)
        assert api.process.wait(timeout=60) == -signal.SIGTERM
        assert is_broken_off(sock)
        assert any("the service is shutting down" in warning for warning in warnings(api))
        wait_until(lambda: copies() == 0, "its COPY has ended")


def test_without_postgres_there_is_a_503_and_no_file(
    database_url: str, serve: Any, problem: Any
) -> None:
    gone = {"database_url": f"{database_url}_gone"}
    with serve(Settings.model_validate(gone)) as api:
        assert problem(api.get("/orders:export"))["type"] == "/problems/unavailable"
