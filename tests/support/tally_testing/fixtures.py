"""The real parts around a shop: Postgres, the BigQuery endpoint, a clock that can be set."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from load_orders.app import Parts, build
from tally_local.clock import Clock
from tally_local.endpoints import Endpoints
from tally_local.ports import free_port
from tally_local.warehouse import create_tables
from tally_testing.shop import DAY, Shop
from tally_testing.waiting import wait_for_analyzer

HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def bigquery_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A BigQuery endpoint of this worker's own."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    directory = tmp_path_factory.mktemp("bigquery")
    command = [sys.executable, "-m", "tally_local.bigquery", "--port", str(port)]
    with subprocess.Popen([*command, "--data-dir", str(directory)]) as process:
        wait_for_analyzer(url)
        yield url
        process.terminate()


@pytest.fixture
def endpoints(bigquery_url: str, database_url: str) -> Endpoints:
    """A database and a dataset of the test's own; nothing else runs."""
    endpoints = Endpoints(
        api="",
        function="",
        reconcile="",
        maintain="",
        bigquery=bigquery_url,
        postgres=database_url,
        project="tally-test",
        dataset=f"analytics_{uuid4().hex[:12]}",
    )
    create_tables(endpoints)
    return endpoints


@pytest.fixture
def environment(endpoints: Endpoints) -> dict[str, str]:
    """What the function finds in its environment."""
    return {
        "DATABASE_URL": endpoints.postgres,
        "BIGQUERY_PROJECT": endpoints.project,
        "BIGQUERY_DATASET": endpoints.dataset,
        "BIGQUERY_EMULATOR_HOST": endpoints.bigquery,
        "BIGQUERY_TIMEOUT_S": "30",
        "CLOSING_WAIT_S": "60",
    }


@pytest.fixture
def parts(environment: dict[str, str]) -> Iterator[Parts]:
    with ExitStack() as resources:
        yield build(environment, resources)


@pytest.fixture
def clock(engine: Engine) -> Clock:
    """Noon of DAY."""
    clock = Clock(engine)
    clock.move_to(datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC))
    return clock


@pytest.fixture
def shop(engine: Engine, clock: Clock, parts: Parts, endpoints: Endpoints) -> Shop:
    assert clock.now().date() == DAY
    return Shop(engine, parts, endpoints)


@pytest.fixture
def next_day(clock: Clock) -> Callable[[], date]:
    """Let a day end; it is returned. It is 02:00 of the next one then."""

    def end() -> date:
        ended = clock.now().date()
        clock.move_to(datetime.combine(ended, datetime.min.time(), UTC) + 26 * HOUR)
        return ended

    return end
