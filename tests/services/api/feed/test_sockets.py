"""WebSockets whose clients do not read, or talk too much."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import MSG_PEEK, socket
from typing import Any

import pytest
from sqlalchemy import Engine, text
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tally_testing.api_process import ApiProcess, api_process
from tally_testing.raw_http import send_all
from tally_testing.raw_socket import (
    CLOSE,
    PING,
    PONG,
    deaf_socket,
    frame,
    frames,
    wait_until_full,
    wait_until_heard,
)
from tally_testing.waiting import wait_until

MEBIBYTE = 2**20
# 12 MB: more than the sockets of both sides ever hold between them.
BIG = """
    INSERT INTO orders (customer_id, total_cents, region, metadata)
    SELECT 1, 1, 'eu', jsonb_build_object('k', repeat('x', 40000)) FROM generate_series(1, 300)"""
GOODBYE = frame(CLOSE, b"\x03\xe8")
LATE: dict[str, Any] = {"events_stall_s": 600, "rate_limit": "1000000/minute", "events_poll_s": 0.2}


@pytest.fixture
def heavy_url(database_url: str, engine: Engine) -> str:
    """The URL of a database with changes that are long to tell."""
    with engine.begin() as connection:
        connection.execute(text(BIG))
    return database_url


@contextmanager
def deaf(api: ApiProcess) -> Iterator[socket]:
    """Yield a client that follows from the start and takes nothing, once that blocks the server."""
    with deaf_socket(api.port, "?since=0") as sock:
        wait_until_full(sock)
        yield sock


def errors(api: ApiProcess) -> list[dict[str, Any]]:
    return [line for line in api.lines() if line["severity"] in {"ERROR", "CRITICAL"}]


def messages(api: ApiProcess) -> list[str]:
    return [line["message"] for line in api.lines()]


def assert_ends_well(api: ApiProcess) -> None:
    assert api.process.wait(timeout=120) == -signal.SIGTERM
    assert "Application shutdown complete." in messages(api)
    assert not errors(api)


def closed_with(ws: ClientConnection) -> int | None:
    try:
        while True:
            ws.recv(timeout=60)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def test_sigterm_ends_well_while_one_that_closed_does_not_read(
    heavy_url: str, tmp_path: Path
) -> None:
    with api_process(heavy_url, tmp_path, **LATE) as api, deaf(api) as sock:
        sock.sendall(GOODBYE)
        api.process.send_signal(signal.SIGTERM)
        assert_ends_well(api)


@pytest.mark.slow
def test_sigterm_ends_well_with_sockets_that_read_and_sockets_that_do_not(
    heavy_url: str, tmp_path: Path
) -> None:
    with api_process(heavy_url, tmp_path, drain_s=1, **LATE) as api, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(deaf(api))
        url = f"ws://127.0.0.1:{api.port}/orders/events/ws"
        reading = [stack.enter_context(connect(url)) for _ in range(3)]
        for ws in reading:
            assert json.loads(ws.recv(timeout=60))["event"] == "alive"
        api.process.send_signal(signal.SIGTERM)
        assert {closed_with(ws) for ws in reading} <= {1001, 1012}
        assert_ends_well(api)


def test_one_that_closed_and_does_not_read_is_broken_off(heavy_url: str, tmp_path: Path) -> None:
    with api_process(heavy_url, tmp_path, **LATE) as api, deaf(api) as sock:
        sock.sendall(GOODBYE)
        wait_until(lambda: not send_all(sock, [b"X"]), "the server closed the connection")
        assert not errors(api)


def test_one_that_takes_nothing_is_broken_off_after_it_was_dropped(
    heavy_url: str, tmp_path: Path
) -> None:
    limits = LATE | {"events_stall_s": 1, "send_timeout_s": 1, "export_pause_s": 1}
    with api_process(heavy_url, tmp_path, **limits) as api, deaf(api) as sock:
        broken_off = "broken off: its client took nothing for too long"
        wait_until(lambda: broken_off in messages(api), "it is broken off")
        wait_until(lambda: not send_all(sock, [b"X"]), "the server closed the connection")
        assert not errors(api)


@pytest.mark.slow
def test_a_slow_one_is_dropped_while_another_goes_on(
    heavy_url: str, engine: Engine, tmp_path: Path
) -> None:
    limits = LATE | {"events_stall_s": 10}
    url = "/orders/events/ws?region=us&since=0"
    with api_process(heavy_url, tmp_path, **limits) as api, deaf(api) as slow:
        with connect(f"ws://127.0.0.1:{api.port}{url}") as other:
            wait_until(lambda: "dropped a client" in api.log.read_text(), "it is dropped")
            with engine.begin() as connection:
                connection.execute(text(BIG.replace("'eu'", "'us'").replace("300", "3")))
            sent = (json.loads(other.recv(timeout=60)) for _ in range(1_000))
            changes = [next(one for one in sent if one["data"]) for _ in range(3)]
            assert [one["event"] for one in changes] == ["order.created"] * 3
        read = frames(slow)
        assert read[-1] == (CLOSE, (4408).to_bytes(2, "big") + b"slow")
        assert not errors(api)


def test_pings_of_one_that_does_not_read_are_not_answered(heavy_url: str, tmp_path: Path) -> None:
    with api_process(heavy_url, tmp_path, **LATE) as api, deaf(api) as sock:
        send_all(sock, [frame(PING, bytes(125))] * 5_000)
        wait_until_heard(sock)
        api.process.send_signal(signal.SIGTERM)
        assert not [opcode for opcode, _ in frames(sock) if opcode == PONG]


@pytest.mark.parametrize(
    "flood",
    [frame(PING, bytes(125)), frame(PONG), frame(0, fin=False)],
    ids=["ping", "pong", "cont"],
)
def test_a_flood_of_frames_is_closed_and_costs_no_memory(
    heavy_url: str, tmp_path: Path, flood: bytes
) -> None:
    with api_process(heavy_url, tmp_path, **LATE) as api, deaf(api) as sock:
        before = api.memory()
        begun = frame(1, b"x", fin=False) if flood[0] == 0 else b""
        send_all(sock, [begun, *([flood * 1_000] * 500)])
        wait_until(lambda: "sent too many frames" in api.log.read_text(), "it is broken off")
        assert api.memory() - before < 40 * MEBIBYTE
        assert not errors(api)


def test_it_reads_why_when_it_goes_on(database_url: str, tmp_path: Path) -> None:
    with api_process(database_url, tmp_path, **LATE) as api:
        with deaf_socket(api.port) as sock:
            # What comes before the handshake is answered is lost.
            assert sock.recv(1, MSG_PEEK)
            send_all(sock, [frame(PONG) * 10_000])
            assert frames(sock)[-1] == (CLOSE, (1008).to_bytes(2, "big") + b"noisy")
        assert not errors(api)


def test_one_that_vanishes_leaves_no_error(heavy_url: str, tmp_path: Path) -> None:
    with api_process(heavy_url, tmp_path, **LATE) as api:
        with deaf(api):
            # Closed with bytes unread: the server's end is reset while it sends.
            pass
        wait_until(lambda: any("/ws" in message for message in messages(api)), "it is over")
        assert not errors(api)
