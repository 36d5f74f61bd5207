"""`poe dag` and `poe airflow` as a reader runs them, the pages in a real browser.

With TALLY_SCREENSHOT set to a file, the page of the DAGs is kept there: docs/airflow-dags.png.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from tally_local import airflow
from tally_local.endpoints import Endpoints
from tally_local.ports import free_port
from tally_testing.waiting import wait_for, wait_until

if TYPE_CHECKING:
    from tests.services.local.conftest import Tally

ROOT = Path(__file__).parents[3]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DAGS = sorted(file.stem for file in (ROOT / "dags").glob("*.py"))
PATIENCE_MS = 120_000
TOO_NEW = sys.version_info >= (3, 14)
AIRFLOW = [sys.executable, "-m", "tally_local.airflow"]


@pytest.fixture(scope="module")
def environ(new_tally: Callable[[], "Tally"]) -> dict[str, str]:
    """The environment in which a stack runs."""
    tally = new_tally()
    tally.started("API docs", "up", "--api-port", "0", "--bigquery-port", "0")
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return kept | {"TALLY_STATE_DIR": str(tally.state)}


@pytest.fixture
def pages(environ: dict[str, str]) -> Iterator[str]:
    """The URL of Airflow's pages."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [*AIRFLOW, "ui", "--port", str(port)]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait_for(url, patience_s=180)
        yield url
        # As Ctrl-C does; on SIGTERM `airflow standalone` leaves its parts behind.
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture
def page(pages: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        size = {"width": 1280, "height": 900}
        page = browser.new_page(base_url=pages, viewport=size)  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


@pytest.mark.slow
@pytest.mark.skipif(TOO_NEW, reason="Airflow 3.1 needs Python 3.13 or older")
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt install chromium)")
def test_a_browser_shows_the_dags_and_the_scheduler_runs_them(
    page: Page, pages: str, environ: dict[str, str]
) -> None:
    home = Path(environ["TALLY_STATE_DIR"]) / "airflow"
    passwords = home / "simple_auth_manager_passwords.json.generated"
    wait_until(passwords.exists, "Airflow has made the password")
    password = json.loads(passwords.read_text())["admin"]
    page.goto("/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "login" not in url)
    page.goto("/dags")
    for dag in DAGS:
        page.get_by_role("link", name=dag, exact=True).wait_for()
    if screenshot := environ.get("TALLY_SCREENSHOT"):
        page.screenshot(path=screenshot)
    assert last_run_of("etl_basic", pages, password) == "success"


def last_run_of(dag: str, pages: str, password: str) -> str:
    """Turn a DAG on, whose schedule has a run due then; return what became of that."""
    with httpx.Client(base_url=pages, timeout=60) as client:
        login = {"username": "admin", "password": password}
        token = client.post("/auth/token", json=login).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        turned_on = client.patch(f"/api/v2/dags/{dag}", json={"is_paused": False})
        assert turned_on.is_success, turned_on.text

        def states() -> list[str]:
            runs = client.get(f"/api/v2/dags/{dag}/dagRuns").json()["dag_runs"]
            return [run["state"] for run in runs if run["state"] in {"success", "failed"}]

        wait_until(lambda: bool(states()), f"a run of {dag} has ended")
        return states()[0]


@pytest.mark.slow
@pytest.mark.skipif(TOO_NEW, reason="Airflow 3.1 needs Python 3.13 or older")
def test_a_dag_is_run_by_one_command_and_its_failure_is_the_exit_code(
    environ: dict[str, str],
) -> None:
    def ran(*options: str) -> int:
        command = [*AIRFLOW, "dag", "postgres_to_bq_orders", *options]
        return subprocess.run(command, env=environ, check=False, capture_output=True).returncode

    assert ran() == 0
    assert ran("--day", "2999-01-01") != 0


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    env = os.environ | {"TALLY_STATE_DIR": str(tmp_path / "state")}
    command = [*AIRFLOW, "dag", "postgres_to_bq_orders"]
    run = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    assert run.returncode == 2
    assert "no stack runs here; start one with `uv run poe up`" in run.stderr


def test_a_dag_finds_the_stack_in_its_environment(tmp_path: Path) -> None:
    endpoints = Endpoints(
        api="",
        function="http://127.0.0.1:1",
        reconcile="http://127.0.0.1:2",
        maintain="http://127.0.0.1:3",
        bigquery="http://127.0.0.1:4",
        postgres="",
        project="project",
        dataset="dataset",
    )
    found = airflow.settings(endpoints, tmp_path)
    assert found["TALLY_FUNCTION_URL"] == "http://127.0.0.1:1"
    assert found["BIGQUERY_EMULATOR_HOST"] == "http://127.0.0.1:4"
    assert (found["BIGQUERY_PROJECT"], found["BIGQUERY_DATASET"]) == ("project", "dataset")
