"""Orders are created while Postgres ends their backends, crashes and starts again."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text

from orders.engine import database_connect, database_engine
from orders.migrate import upgrade
from orders.problems import Unavailable
from orders_api.clients.transactions import Session, Transactions
from orders_api.settings import Settings
from tally_local.postgres import EmbeddedPostgres
from tally_testing.retrying import NEW, assert_made_once, creating
from tally_testing.scratch import outside_transactions
from tally_testing.serving import serving
from tally_testing.tcp_proxy import AtCommit, Link, Moment, TcpProxy, tcp_proxy
from tally_testing.waiting import wait_until

CLIENTS = 4
TAKE_ID = "SELECT pg_current_xact_id()::text"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server that a test may crash: what it has committed is on disk."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("server") / "postgres")
    server.start()
    try:
        # Of itself it shall neither take ids of transactions nor note them on disk.
        with administering(server.url()) as run:
            for setting in ("autovacuum = off", "max_wal_senders = 0", "wal_level = minimal"):
                run(f"ALTER SYSTEM SET {setting}")
        server.stop()
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def administering(url: str) -> Iterator[Callable[[str], int | None]]:
    """Yield how to run a statement on a connection of its own, which returns a number or none."""
    with outside_transactions(url) as connection:

        def run(statement: str) -> int | None:
            result = connection.execute(text(statement))
            return int(result.scalar_one()) if result.returns_rows else None

        yield run


@pytest.fixture
def crash(server: EmbeddedPostgres) -> Callable[[], None]:
    """Lets the server stop without a goodbye, as in a power cut, and starts it again."""

    def crash_and_start() -> None:
        assert server._process is not None
        # Postgres's immediate shutdown.
        server._process.send_signal(signal.SIGQUIT)
        server._process.wait()
        server.start()

    return crash_and_start


@pytest.fixture
def crashing_url(server: EmbeddedPostgres) -> str:
    """The URL of a migrated database of that server."""
    name = f"tally_test_{uuid4().hex}"
    server.create_database(name)
    with database_engine(settings_for(server.url(name))) as engine:
        upgrade(engine)
    return server.url(name)


def settings_for(url: str) -> Settings:
    return Settings.model_validate({"database_url": url})


def test_backends_that_are_ended_again_and_again_lose_and_double_no_order(
    database_url: str, engine: Engine
) -> None:
    """Without keys: whoever is told 201 has one order, whoever is told 503 has none."""
    told: Counter[int] = Counter()
    stop = Event()

    def create_many(api: httpx.Client) -> None:
        while not stop.is_set():
            response = api.post("/orders", json=NEW)
            assert response.status_code in {201, 503}, response.text
            assert "not known" not in response.text
            told[response.status_code] += 1

    with serving(settings_for(database_url)) as api, ThreadPoolExecutor(CLIENTS) as threads:
        running = [threads.submit(create_many, api) for _ in range(CLIENTS)]
        try:
            end_backends(database_url, told)
        finally:
            stop.set()
        for each in running:
            each.result()
    query = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_changes)"
    with engine.connect() as connection:
        assert tuple(connection.execute(text(query)).one()) == (told[201], told[201])


def end_backends(url: str, told: Counter[int]) -> None:
    """End all backends of a database a hundred times, with a few more orders in between."""
    end = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    with administering(url) as run:
        for n in range(100):
            wait_until(lambda: bool(run(end)), "a backend was ended")
            enough = told[201] + n % 10
            wait_until(partial(reached, told, enough), "there were more orders")


def reached(told: Counter[int], enough: int) -> bool:
    return told[201] >= enough


def test_a_server_that_crashes_and_starts_again_loses_and_doubles_no_order(
    crashing_url: str, crash: Callable[[], None]
) -> None:
    with serving(settings_for(crashing_url)) as api:
        with creating(str(api.base_url), CLIENTS) as created:
            created.wait_for_more(50)
            for _ in range(3):
                crash()
                created.wait_for_more(50)
        with database_engine(settings_for(crashing_url)) as engine:
            assert_made_once(engine, api, created.answers)


@contextmanager
def ended_at_commit(
    url: str, moment: Moment, end_and_start: Callable[[], None]
) -> Iterator[tuple[TcpProxy, list[int], Future[None]]]:
    """Let the server end, and start again, before a COMMIT comes to it or before its answer does.

    Yields the proxy, which lets nobody through until it is told to forward, the ids that the
    transaction gets, and its outcome.
    """
    ids: list[int] = []
    fallen = Event()

    def take_id(session: Session) -> None:
        [[transaction_id]] = session.command(TAKE_ID)
        ids.append(int(transaction_id))

    def fall_silent(link: Link) -> None:
        postgres.mode = "refuse"
        link.swallow()
        fallen.set()

    with (
        tcp_proxy(url) as postgres,
        database_connect(settings_for(postgres.url)) as connect,
        ThreadPoolExecutor(1) as thread,
    ):
        postgres.watch = AtCommit(moment, fall_silent)
        transactions = Transactions(connect, silence_s=1, patience_s=60)
        running = thread.submit(transactions.run, take_id)
        assert fallen.wait(60)
        end_and_start()
        yield postgres, ids, running
        transactions.close()


def test_a_transaction_that_was_lost_in_a_crash_is_carried_out_once_more(
    crashing_url: str, crash: Callable[[], None]
) -> None:
    with ended_at_commit(crashing_url, "before", crash) as (postgres, ids, running):
        postgres.mode = "forward"
        running.result()
    assert len(ids) == 2


def test_another_transaction_that_got_its_id_after_the_crash_is_not_taken_for_it(
    crashing_url: str, crash: Callable[[], None]
) -> None:
    """An id that was not on disk when the server crashed is given again."""
    with ended_at_commit(crashing_url, "before", crash) as (postgres, ids, running):
        with administering(crashing_url) as run:
            assert run(TAKE_ID) == ids[0]
        postgres.mode = "forward"
        with pytest.raises(Unavailable, match="the outcome is not known"):
            running.result()


def test_a_transaction_that_was_committed_is_found_by_a_server_that_was_stopped_and_started(
    crashing_url: str, server: EmbeddedPostgres
) -> None:
    def stop_and_start() -> None:
        server.stop()
        server.start()

    with ended_at_commit(crashing_url, "after", stop_and_start) as (postgres, ids, running):
        postgres.mode = "forward"
        running.result()
    assert len(ids) == 1
