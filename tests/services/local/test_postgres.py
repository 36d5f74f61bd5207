"""The embedded Postgres: its data survive it, and a start that was cut off is made good."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from orders.engine import pg8000_url
from tally_local.ports import free_ports, in_use
from tally_local.postgres import EmbeddedPostgres


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "postgres"


@pytest.fixture
def postgres(directory: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(directory, durable=False)
    yield server
    server.stop()


def test_a_database_survives_a_restart_and_is_created_once(
    postgres: EmbeddedPostgres, directory: Path
) -> None:
    postgres.start()
    postgres.create_database("tally")
    postgres.stop()
    assert not postgres.alive
    assert not in_use(postgres.port)
    again = EmbeddedPostgres(directory, durable=False)
    again.start()
    again.create_database("tally")
    engine = create_engine(pg8000_url(again.url("tally")))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()
    again.stop()


def test_a_cluster_that_was_half_made_is_made_anew(
    postgres: EmbeddedPostgres, directory: Path
) -> None:
    (directory.with_suffix(".new") / "base").mkdir(parents=True)
    postgres.start()
    assert postgres.alive


def test_the_server_of_a_killed_run_is_ended_by_the_next(
    postgres: EmbeddedPostgres, directory: Path
) -> None:
    postgres.start()
    leftover = int((directory / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    again = EmbeddedPostgres(directory, durable=False)
    again.start()
    assert not postgres.alive
    again.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(leftover, signal.SIGINT)


def test_a_server_that_does_not_start_says_why(directory: Path) -> None:
    taken = EmbeddedPostgres(directory.with_name("other"), durable=False)
    taken.start()
    server = EmbeddedPostgres(directory, taken.port, durable=False)
    with pytest.raises(RuntimeError, match=r"(?s)did not start.*Address already in use"):
        server.start()
    taken.stop()


def test_free_ports_are_all_different() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert not any(in_use(port) for port in ports)
