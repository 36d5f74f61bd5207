"""What clients may cost, and what ends a stream."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from tally_testing.api_process import ApiProcess, api_process
from tally_testing.feed import changes, following
from tally_testing.serving import serving
from tally_testing.tcp_proxy import tcp_proxy
from tally_testing.waiting import wait_until

MEBIBYTE = 2**20


@pytest.fixture
def process(database_url: str, tmp_path: Path) -> Iterator[ApiProcess]:
    limits: dict[str, Any] = {
        # Longer than a busy machine may keep a test from reading on.
        "events_stall_s": 10,
        "rate_limit": "1000000/minute",
        "events_window": 100,
        # What the tests write notifies nobody.
        "events_poll_s": 0.2,
    }
    with api_process(database_url, tmp_path, **limits) as api:
        yield api


def big(engine: Engine, count: int) -> None:
    """Write orders with 16 kB of metadata each."""
    write = text(
        "INSERT INTO orders (customer_id, total_cents, currency, region, status, changed_by,"
        " metadata) SELECT 1, 1, 'USD', 'eu', 'pending', 'test', (SELECT jsonb_object_agg("
        "'k' || k, repeat('x', 400)) FROM generate_series(1, 40) AS k)"
        " FROM generate_series(1, :count)"
    )
    with engine.begin() as connection:
        connection.execute(write, {"count": count})


def asking(port: int) -> socket.socket:
    """Ask for all changes, with a small buffer for what comes."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    asking.connect(("127.0.0.1", port))
    asking.sendall(b"GET /orders/events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return asking


@pytest.mark.slow
def test_who_does_not_read_is_dropped_while_others_go_on_and_memory_stays(
    process: ApiProcess, engine: Engine
) -> None:
    big(engine, 1)
    with httpx.Client(base_url=process.url, timeout=60) as client, ExitStack() as stack:
        reading = stack.enter_context(following(client, since=0))
        changes(reading, 1)
        for _ in range(10):
            stack.enter_context(asking(process.port))
        before = process.memory()
        for _ in range(20):
            big(engine, 100)
            changes(reading, 100)
        wait_until(lambda: process.log.read_text().count("dropped a client") == 10, "they are")
        # 32 MB were written, of which each of them could have had all.
        assert process.memory() - before < 60 * MEBIBYTE


@pytest.mark.slow
def test_a_dropped_client_that_goes_on_reads_why(process: ApiProcess, engine: Engine) -> None:
    big(engine, 500)
    with asking(process.port) as slow:
        wait_until(lambda: "dropped a client" in process.log.read_text(), "it is dropped")
        slow.settimeout(60)
        everything = b""
        while piece := slow.recv(MEBIBYTE):
            everything += piece
    assert everything.endswith(b'event: dropped\ndata: {"reason":"slow"}\n\n\r\n0\r\n\r\n')


def test_many_idle_clients_share_one_connection(process: ApiProcess, engine: Engine) -> None:
    head = b"GET /orders/events HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
    with ExitStack() as stack:
        with httpx.Client(base_url=process.url) as client, following(client) as stream:
            next(stream)
        before = process.memory()
        for _ in range(200):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", process.port)))
            idle.sendall(head)
            assert b" 200 OK" in idle.recv(65_536)
        assert process.memory() - before < 200 * 50 * 1024
        # The reader, two of the pool and our own.
        assert _connections(engine) <= 4


def _connections(engine: Engine) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with engine.connect() as connection:
        return int(connection.scalar(text(query)) or 0)


def test_sigterm_ends_streams_at_once(database_url: str, tmp_path: Path) -> None:
    # It would have a minute.
    with api_process(database_url, tmp_path, drain_s=60) as process:
        with (
            httpx.Client(base_url=process.url, timeout=30) as client,
            client.stream("GET", "/orders/events") as response,
        ):
            lines = response.iter_lines()
            next(lines)
            process.process.send_signal(signal.SIGTERM)
            assert [line for line in lines if line][-2:] == [": come again", "retry: 1000"]
        process.process.wait(30)


def test_a_stream_ends_when_its_time_is_over(settings: Any) -> None:
    with (
        serving(settings(events_max_s=0.3)) as client,
        client.stream("GET", "/orders/events") as response,
    ):
        assert response.read().endswith(b": come again\nretry: 1000\n\n")


def test_one_client_too_many_is_told_to_come_later(settings: Any, problem: Any) -> None:
    with serving(settings(events_clients=1)) as client:
        with following(client) as stream:
            next(stream)
            refused = httpx.get(f"{client.base_url}/orders/events", timeout=60)
            assert problem(refused)["status"] == 503
            assert refused.headers["retry-after"] == "10"
        wait_until(lambda: client.head("/orders/events").status_code == 200, "its place is free")


def test_the_loss_of_the_readers_connection_loses_nothing(
    settings: Any, database_url: str, insert: Any, engine: Engine
) -> None:
    with tcp_proxy(database_url) as proxy:
        chosen = settings(database_url=proxy.url)
        with serving(chosen) as client, following(client, since=0) as stream:
            seen = []
            for turn in range(6):
                insert(3)
                if turn % 2:
                    proxy.cut_all()
                else:
                    with engine.begin() as connection:
                        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        others = " WHERE query LIKE '%order_changes_change_id_seq%'"
                        mine = " AND pid <> pg_backend_pid() AND datname = current_database()"
                        connection.execute(text(end + others + mine))
                insert(3)
                seen += [sent.id for sent in changes(stream, 6)]
    assert seen == list(range(1, 37))


def test_the_feed_wakes_before_it_looks(settings: Any) -> None:
    order = {"customer_id": 1, "total_cents": 1}
    # Without a notification it would look after ten minutes.
    with serving(settings(events_poll_s=600)) as client, following(client) as stream:
        next(sent for sent in stream if sent.id is not None)
        url = f"{client.base_url}/orders"
        post = threading.Thread(
            target=lambda: httpx.post(url, json=order, timeout=60).raise_for_status()
        )
        post.start()
        assert changes(stream, 1)[0].event == "order.created"
        post.join()
