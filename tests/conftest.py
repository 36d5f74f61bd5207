"""One real Postgres a run, a fresh migrated database a test, made from a template.

TEST_DATABASE_URL names another server to use in place of the embedded one.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, make_url
from sqlmodel import Session

from orders.engine import database_engine
from orders.migrate import upgrade
from orders.settings import DatabaseSettings
from tally_local.postgres import EmbeddedPostgres
from tally_testing.scratch import outside_transactions, scratch_database

pytest_plugins = ["tally_testing.fixtures"]

SERVER = pytest.StashKey[EmbeddedPostgres]()
TEMPLATE = f"tally_template_{os.environ.get('PYTEST_XDIST_TESTRUNUID', uuid4().hex)}"


def pytest_configure(config: pytest.Config) -> None:
    """The controller starts the server; xdist hands its environment to the workers."""
    if hasattr(config, "workerinput") or config.option.collectonly or config.option.help:
        return
    if "TEST_DATABASE_URL" not in os.environ:
        directory = tempfile.mkdtemp(prefix="tally-tests-")
        server = EmbeddedPostgres(Path(directory) / "postgres", durable=False)
        server.start()
        config.stash[SERVER] = server
        os.environ["TEST_DATABASE_URL"] = server.url()
    os.environ["TALLY_TEST_TEMPLATE"] = TEMPLATE
    _administer(f'CREATE DATABASE "{TEMPLATE}"')
    with database_engine(settings_of(url_of(TEMPLATE))) as engine:
        upgrade(engine)


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or "TALLY_TEST_TEMPLATE" not in os.environ:
        return
    _administer(f'DROP DATABASE IF EXISTS "{TEMPLATE}" WITH (FORCE)')
    if server := config.stash.get(SERVER, None):
        server.stop()


# A file is run by one worker: those that take longest begin first, so that none is left alone.
LONGEST = ("tests/test_readme", "local/stack", "load_orders/test_publish", "test_reconcile", "demo")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not any(part in item.nodeid for part in LONGEST))


def url_of(database: str) -> str:
    server = make_url(os.environ["TEST_DATABASE_URL"])
    return server.set(database=database).render_as_string(hide_password=False)


def settings_of(url: str, **settings: object) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"database_url": url, **settings})


def _administer(statement: str) -> None:
    with outside_transactions(os.environ["TEST_DATABASE_URL"]) as connection:
        connection.exec_driver_sql(statement)


@pytest.fixture(scope="session")
def worker_database() -> Iterator[str]:
    """The URL of this worker's own migrated database, for tests that roll back."""
    with scratch_database() as url:
        yield url


@pytest.fixture
def database_url() -> Iterator[str]:
    """The URL of a migrated database of the test's own, for tests that commit."""
    with scratch_database() as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine of the production factory on the test's own database."""
    with database_engine(settings_of(database_url)) as engine:
        yield engine


@pytest.fixture(scope="session")
def worker_engine(worker_database: str) -> Iterator[Engine]:
    with database_engine(settings_of(worker_database)) as engine:
        yield engine


@pytest.fixture
def connection(worker_engine: Engine) -> Iterator[Connection]:
    """A connection whose work, commits of its sessions included, is rolled back."""
    with worker_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        yield session
