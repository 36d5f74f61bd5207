"""Requests that are sent before the answers of earlier ones came."""

import socket
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text

from tally_testing.api_process import ApiProcess, api_process
from tally_testing.raw_http import connected, is_closed, read_answer, send_all
from tally_testing.waiting import wait_until

GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
GET_ITEMS = b"GET /items HTTP/1.1\r\nHost: localhost\r\n\r\n"
BROKEN = (
    b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
)
MEBIBYTE = 2**20
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


def answers(sock: socket.socket, most: int) -> int:
    """Read until so many came, or the connection ends; return how many it were."""
    everything = b""
    while everything.count(b'{"status":"ok"}') < most and (piece := sock.recv(65_536)):
        everything += piece
    return everything.count(b"HTTP/1.1 200 OK")


def test_sixteen_may_wait(strict: ApiProcess) -> None:
    with connected(strict.port) as sock:
        sock.sendall(GET * 17)
        assert answers(sock, 17) == 17
        sock.sendall(GET)
        assert read_answer(sock).status == 200


def test_behind_more_the_connection_is_closed(strict: ApiProcess) -> None:
    with connected(strict.port) as sock:
        sock.sendall(GET * 1_000)
        # Those that were taken are answered, and the client reads it though it sent more.
        assert answers(sock, 1_000) == 17


def test_a_flood_of_them_takes_no_memory(strict: ApiProcess) -> None:
    before = strict.memory()
    with ExitStack() as stack:
        socks = [stack.enter_context(connected(strict.port)) for _ in range(8)]
        for sock in socks:
            send_all(sock, [GET * 14_000])
        assert strict.memory() - before < 20 * MEBIBYTE
        for sock in socks:
            wait_until(partial(_is_gone, sock), "the server closed it")


def test_what_is_broken_behind_one_that_waits_is_not_answered_in_its_place(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    with api_process(database_url, tmp_path) as api, connected(api.port) as sock:
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE items IN ACCESS EXCLUSIVE MODE"))
            sock.sendall(GET_ITEMS + BROKEN)
            wait_until(lambda: _waits(engine), "it waits for the lock")
        answer = read_answer(sock)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert is_closed(sock)


def _is_gone(sock: socket.socket) -> bool:
    return not send_all(sock, [GET])


def _waits(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(text(WAITING)).scalar_one())
