"""One stack a file, since it takes seconds to start: each test lives through days of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from load_orders.app import Parts, build
from orders.engine import database_engine
from orders.settings import DatabaseSettings
from tally_local.clock import Clock
from tally_local.endpoints import Endpoints
from tally_local.ports import free_ports
from tally_local.warehouse import create_tables
from tally_testing.scratch import scratch_database
from tally_testing.shop import DAY, Shop
from tally_testing.waiting import wait_for
from tally_testing.workflows.bucket import NAME, bucket
from tally_testing.workflows.execution import Emulator, Execution, emulating

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-workflows" / "bin" / "python"
MAIN = ROOT / "functions" / "load_orders" / "main.py"
SQL = ROOT / "dags" / "sql"
ONE_OF_EACH = (
    "publish_day.sql",
    "checks/sales_follow_orders.sql",
    "ledger_state.sql",
    "rollups/sales_weekly.sql",
    "checks/rollups/sales_weekly.sql",
)
TARGETS = ("load_orders", "reconcile_orders", "maintain_orders")

Run = Callable[..., Execution]


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    if not PYTHON.exists():
        pytest.skip("poe test:workflows makes .venv-workflows, which has the emulator")
    with emulating(PYTHON) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with scratch_database() as url:
        yield url


@pytest.fixture(scope="module")
def engine(database_url: str) -> Iterator[Engine]:
    with database_engine(DatabaseSettings.model_validate({"database_url": database_url})) as engine:
        yield engine


@pytest.fixture(scope="module")
def endpoints(bigquery_url: str, database_url: str) -> Endpoints:
    load, reconcile, maintain = (f"http://127.0.0.1:{port}" for port in free_ports(3))
    endpoints = Endpoints(
        api="",
        function=load,
        reconcile=reconcile,
        maintain=maintain,
        bigquery=bigquery_url,
        postgres=database_url,
        project="tally-test",
        dataset=f"analytics_{uuid4().hex[:12]}",
    )
    create_tables(endpoints)
    return endpoints


@pytest.fixture(scope="module")
def environment(endpoints: Endpoints) -> dict[str, str]:
    """What the function finds in its environment."""
    return {
        "DATABASE_URL": endpoints.postgres,
        "BIGQUERY_PROJECT": endpoints.project,
        "BIGQUERY_DATASET": endpoints.dataset,
        "BIGQUERY_EMULATOR_HOST": endpoints.bigquery,
        "CLOSING_WAIT_S": "0.2",
    }


@pytest.fixture(scope="module")
def functions(endpoints: Endpoints, environment: dict[str, str]) -> Iterator[None]:
    """The function's entry points, each under functions-framework."""
    urls = (endpoints.function, endpoints.reconcile, endpoints.maintain)
    with ExitStack() as running:
        for target, url in zip(TARGETS, urls, strict=True):
            running.enter_context(_function(target, url, environment))
        for url in urls:
            wait_for(url, patience_s=120)
        yield


@contextmanager
def _function(target: str, url: str, environment: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "functions_framework", "--source", str(MAIN)]
    command += ["--target", target, "--host", "127.0.0.1", "--port", url.rpartition(":")[2]]
    env = os.environ | environment
    with subprocess.Popen(command, env=env, start_new_session=True) as process:
        try:
            yield
        finally:
            # functions-framework serves from a worker of its own, and takes its time to stop it.
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def parts(environment: dict[str, str]) -> Iterator[Parts]:
    with ExitStack() as resources:
        yield build(environment, resources)


@pytest.fixture(scope="module")
def clock(engine: Engine) -> Clock:
    """Noon of DAY when the first test begins."""
    clock = Clock(engine)
    clock.move_to(datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC))
    return clock


@pytest.fixture(scope="module")
def shop(engine: Engine, clock: Clock, parts: Parts, endpoints: Endpoints) -> Shop:
    assert clock.now().date() == DAY
    return Shop(engine, parts, endpoints)


@pytest.fixture
def next_day(next_day: Callable[[], date], shop: Shop) -> Iterator[Callable[[], date]]:
    """Let a day end; it is returned. After the test it is loaded, whatever became of it."""
    ended: list[date] = []

    def end() -> date:
        ended.append(next_day())
        return ended[-1]

    yield end
    for day in ended:
        shop.load(day)


@pytest.fixture
def all_files() -> Iterator[str]:
    """A storage API whose bucket holds all of dags/sql."""
    with bucket(SQL) as url:
        yield url


@pytest.fixture(scope="module")
def workflow_environment(
    endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What the workflow is deployed with; its bucket holds one file of each kind, for speed."""
    folder = tmp_path_factory.mktemp("sql")
    for name in ONE_OF_EACH:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SQL / name, folder / name)
    with bucket(folder) as storage:
        yield {
            "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": uuid4().hex,
            "TALLY_FUNCTION_URL": endpoints.function,
            "TALLY_RECONCILE_URL": endpoints.reconcile,
            "TALLY_MAINTAIN_URL": endpoints.maintain,
            "TALLY_SQL_BUCKET": NAME,
            "BIGQUERY_PROJECT": endpoints.project,
            "BIGQUERY_DATASET": endpoints.dataset,
            "BIGQUERY_URL": endpoints.bigquery,
            "STORAGE_URL": storage,
        }


@pytest.fixture
def run(
    emulator: Emulator,
    functions: None,  # noqa: ARG001  they serve
    workflow_environment: dict[str, str],
    clock: Clock,
) -> Run:
    """Execute a workflow now, by the shop's clock: `run("daily", {"day": …}, **environment)`."""

    def execute(
        name: str,
        args: dict[str, Any],
        on_sleep: Callable[[], None] = lambda: None,
        now: datetime | None = None,
        subworkflow: str = "main",
        **env: str,
    ) -> Execution:
        return emulator.execute(
            ROOT / "dags" / "workflows" / f"{name}.yaml",
            {"args": args} if subworkflow == "main" else args,
            subworkflow=subworkflow,
            now=now or clock.now(),
            env=workflow_environment | {"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": uuid4().hex} | env,
            on_sleep=on_sleep,
        )

    return execute
