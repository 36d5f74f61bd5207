"""What Airflow meets when it only reads the DAG files, as it does all day."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PARSE = ROOT / "tests" / "dags" / "support" / "tally_dag_testing" / "parse_alone.py"
DAGS = ["bigquery_pipeline", "etl_basic", "orders_intraday", "postgres_to_bq_orders"]


def parsed(home: Path, folder: Path) -> dict[str, Any]:
    """Parse in an environment that holds nothing of ours, with no database behind it."""
    run = subprocess.run(
        [sys.executable, "-P", str(PARSE), str(folder)],
        env={"AIRFLOW_HOME": str(home), "PATH": "/nowhere", "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(run.stdout.splitlines()[-1]))


def test_every_dag_is_parsed_without_environment_variables_connections_or_network(
    tmp_path: Path,
) -> None:
    found = parsed(tmp_path, ROOT / "dags")
    assert found["errors"] == {}
    assert found["touched"] == []
    assert found["dags"] == DAGS


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            "from tally_dags.config import intraday_is_on; intraday_is_on()",
            "variable tally_intraday",
        ),
        (
            "from airflow.providers.datadog.hooks.datadog import DatadogHook; DatadogHook()",
            "connection datadog_default",
        ),
        ("import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')", "socket.connect"),
    ],
)
def test_a_dag_that_reaches_for_something_when_it_is_parsed_is_found_out(
    tmp_path: Path, line: str, event: str
) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "tally_dags").symlink_to(ROOT / "dags" / "tally_dags")
    (folder / "careless.py").write_text(f"# a dag of airflow\n{line}\n", encoding="utf-8")
    found = parsed(tmp_path, folder)
    assert any(touched.startswith(event) for touched in found["touched"])
