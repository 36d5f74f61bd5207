"""What is final stays so, whatever becomes of the server."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, text

from orders.engine import database_engine
from orders.finality import last_change_id, snapshot_xmin, transaction_id
from orders.migrate import upgrade
from orders.settings import DatabaseSettings
from tally_local.postgres import EmbeddedPostgres

ADD = text("INSERT INTO orders (customer_id, total_cents, region) VALUES (1, 1, 'eu')")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server that a test may kill; what it has committed is on disk."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def durable(server: EmbeddedPostgres) -> Iterator[Engine]:
    with database_engine(DatabaseSettings.model_validate({"database_url": server.url()})) as engine:
        upgrade(engine)
        yield engine


def test_a_change_id_that_is_final_is_given_to_nobody_after_a_crash(
    server: EmbeddedPostgres, durable: Engine
) -> None:
    """Postgres notes the numbers of a sequence ahead, 32 at a time, and waits for no rollback."""
    with durable.begin() as connection:
        for _ in range(33):
            connection.execute(ADD)
    hold_writers(server)
    with durable.connect() as connection:
        for _ in range(40):
            connection.execute(ADD)
        connection.rollback()
    final = final_up_to(durable)
    kill(server)
    server.start()
    with durable.begin() as connection:
        connection.execute(ADD)
        given = connection.scalar(text("SELECT max(change_id) FROM order_changes"))
    assert given > final


def hold_writers(server: EmbeddedPostgres) -> None:
    """Let nobody but the backends themselves write to disk from now on."""
    for each in family_of(server)[1:]:
        if any(name in " ".join(each.cmdline()) for name in ("walwriter", "background writer")):
            each.send_signal(signal.SIGSTOP)


def family_of(server: EmbeddedPostgres) -> list[psutil.Process]:
    process = server._process
    assert process is not None
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children()]


def final_up_to(engine: Engine) -> int:
    with engine.connect() as connection:
        last = last_change_id(connection)
        connection.rollback()
        xid = transaction_id(connection)
        connection.commit()
        while snapshot_xmin(connection) < xid:
            connection.rollback()
            time.sleep(0.01)
    return last


def kill(server: EmbeddedPostgres) -> None:
    """End the server and all that belongs to it, before any of it can write another byte."""
    family = family_of(server)
    for each in family:
        each.send_signal(signal.SIGSTOP)
    for each in family:
        each.kill()
    assert server._process is not None
    server._process.wait()
    psutil.wait_procs(family)
