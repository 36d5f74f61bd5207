"""Clients that ask and take nothing of the answers."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tally_testing.api_process import ApiProcess, api_process
from tally_testing.raw_http import PATIENCE_S, connected, is_closed, read_answer, send_all
from tally_testing.waiting import wait_until

ASKED = b"GET /orders?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWERED = "GET /orders 200"
# Two answers are more than the sockets of both sides ever hold between them.
ORDERS = """
    INSERT INTO orders (customer_id, total_cents, region, metadata)
    SELECT 1, 1, 'us', jsonb_build_object('k', repeat('x', 100000))
    FROM generate_series(1, 100)"""


@pytest.fixture
def heavy_url(database_url: str, engine: Engine) -> str:
    """The URL of a database with orders that are long to tell."""
    with engine.begin() as connection:
        connection.execute(text(ORDERS))
    return database_url


@contextmanager
def deaf(api: ApiProcess) -> Iterator[socket.socket]:
    """Yield a connection that reads nothing of what it was answered."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        sock.settimeout(PATIENCE_S)
        sock.connect(("127.0.0.1", api.port))
        sock.sendall(ASKED)
        wait_until(lambda: ANSWERED in messages(api), "it was answered")
        yield sock


def messages(api: ApiProcess) -> list[str]:
    return [line["message"] for line in api.lines()]


def wait_until_broken_off(api: ApiProcess, sock: socket.socket, why: str) -> None:
    """Wait until the server broke it off, and said so in a line that is no error."""
    wait_until(lambda: f"broken off: {why}" in messages(api), "it was broken off")
    wait_until(lambda: not send_all(sock, [b"X"]), "the server closed the connection")
    assert not [line for line in api.lines() if line["severity"] == "ERROR"]


def test_the_connection_of_one_that_takes_nothing_is_broken_off(
    heavy_url: str, tmp_path: Path
) -> None:
    limits = {"send_timeout_s": 1, "export_pause_s": 1, "events_stall_s": 1}
    with api_process(heavy_url, tmp_path, **limits) as api, deaf(api) as sock:
        wait_until_broken_off(api, sock, "its client took nothing for too long")


def test_so_is_one_that_was_to_be_closed(heavy_url: str, tmp_path: Path) -> None:
    limits = {"send_timeout_s": 1, "export_pause_s": 1, "events_stall_s": 1}
    with api_process(heavy_url, tmp_path, **limits) as api, deaf(api) as sock:
        sock.sendall(b"nonsense\r\n\r\n")
        wait_until_broken_off(api, sock, "its client took nothing for too long")


def test_an_answer_that_cannot_be_sent_in_time_is_broken_off(
    heavy_url: str, tmp_path: Path
) -> None:
    with api_process(heavy_url, tmp_path, request_timeout_s=2) as api, deaf(api) as sock:
        sock.sendall(ASKED)
        wait_until_broken_off(api, sock, "The request took too long")


def test_one_that_takes_an_answer_late_has_all_of_it(heavy_url: str, tmp_path: Path) -> None:
    with api_process(heavy_url, tmp_path, header_timeout_s=1) as api, deaf(api) as sock:
        with connected(api.port) as other:
            # Longer than a few looks at the time of each connection.
            assert is_closed(other)
        assert len(read_answer(sock).body) > 10_000_000


def test_it_does_not_keep_the_service_from_ending_well(heavy_url: str, tmp_path: Path) -> None:
    with api_process(heavy_url, tmp_path, drain_s=1) as api, deaf(api) as sock:
        sock.sendall(ASKED)
        api.process.send_signal(signal.SIGTERM)
        assert api.process.wait(timeout=60) == -signal.SIGTERM
        assert "Application shutdown complete." in messages(api)
        assert not [line for line in api.lines() if line["severity"] == "ERROR"]
