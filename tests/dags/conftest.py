"""Airflow on a SQLite of its own, in front of a stack that runs in Tally's environment."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HOME = Path(tempfile.mkdtemp(prefix="tally-airflow-"))

# Airflow reads them when it is imported, so they are set before anything else is.
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(
        {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True}}
    ),
    "NO_PROXY": "127.0.0.1,localhost",
}

from airflow.models import DagBag
from airflow.utils.db import initdb

from tally_dag_testing import runs
from tally_dag_testing.answering import answering
from tally_dag_testing.shop import Shop, shop_in

RunDag = Callable[..., runs.Run]


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """Every DAG, by id."""
    return _dags()


def _dags() -> dict[str, Any]:
    bag = DagBag(ROOT / "dags", include_examples=False)
    assert not bag.import_errors
    return dict(bag.dags)


@pytest.fixture(scope="session")
def stack() -> Iterator[Shop]:
    with shop_in(HOME / "stack") as shop:
        yield shop


@pytest.fixture(scope="session")
def metadata() -> None:
    """Airflow's database."""
    initdb()


MONTHS = count(1)


@pytest.fixture
def day(stack: Shop) -> date:
    """Noon of a day of the test's own: reconciling looks back 30 days, so no test sees another."""
    return stack.open(date(2026, 3, 1) + timedelta(days=40 * next(MONTHS)))


@pytest.fixture
def shop(stack: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop whose stack is in Airflow's environment."""
    for name, endpoint in {
        "TALLY_FUNCTION_URL": "function",
        "TALLY_RECONCILE_URL": "reconcile",
        "TALLY_MAINTAIN_URL": "maintain",
        "BIGQUERY_EMULATOR_HOST": "bigquery",
        "BIGQUERY_PROJECT": "project",
        "BIGQUERY_DATASET": "dataset",
    }.items():
        if endpoint in stack.endpoints:
            monkeypatch.setenv(name, stack.endpoints[endpoint])
    return stack


@pytest.fixture
def run_dag(metadata: None) -> RunDag:  # noqa: ARG001  it has to be there
    """Runs a DAG by its id, else as `runs.run`."""

    def run(dag_id: str, *args: Any, **options: Any) -> runs.Run:
        # Parsed anew: a run leaves its params in the DAG.
        return runs.run(_dags()[dag_id], *args, **options)

    return run


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The events that Datadog has got."""
    with answering((202, {"status": "ok"})) as datadog:
        extra = {"api_key": "key", "app_key": "app", "api_host": datadog.url}
        connection = {"conn_type": "datadog", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_DATADOG_DEFAULT", json.dumps(connection))
        yield datadog.bodies
