"""What every DAG promises whatever it does, and how the tasks of each hang together."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tally_dags.alerts import send_event

ROOT = Path(__file__).parents[2]
IDS = ["bigquery_pipeline", "etl_basic", "orders_intraday", "postgres_to_bq_orders"]
CHECKS = ["ledger_proves_day", "orders_follow_changes", "sales_follow_orders"]


@pytest.fixture(params=IDS)
def dag(dags: dict[str, Any], request: pytest.FixtureRequest) -> Any:
    return dags[request.param]


def edges(dag: Any) -> dict[str, set[str]]:
    return {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}


def test_a_dag_runs_once_at_a_time_and_catches_nothing_up(dag: Any) -> None:
    assert dag.max_active_runs == 1
    assert dag.catchup is False


def test_a_dag_says_what_it_does_on_its_page(dag: Any) -> None:
    assert dag.doc_md.startswith("### ")
    assert dag.tags


def test_every_task_ends_in_time_and_tells_when_it_fails(dag: Any) -> None:
    for task in dag.tasks:
        assert timedelta(0) < task.execution_timeout <= timedelta(minutes=65), task.task_id
        assert send_event in _listed(task.on_failure_callback), task.task_id


def test_a_retry_waits_longer_each_time(dags: dict[str, Any]) -> None:
    for dag_id in ("postgres_to_bq_orders", "bigquery_pipeline", "etl_basic"):
        for task in dags[dag_id].tasks:
            assert task.retries == 5
            assert task.retry_exponential_backoff
            assert task.retry_delay < task.max_retry_delay


def test_a_day_is_loaded_published_checked_and_then_reconciled(dags: dict[str, Any]) -> None:
    dag = dags["postgres_to_bq_orders"]
    checks = {f"one_day.check_{name}" for name in CHECKS}
    assert edges(dag) == {
        "choose_days": {"one_day.load_orders", "reconcile"} | checks,
        "one_day.load_orders": {"one_day.publish_day"},
        "one_day.publish_day": checks,
        **{check: {"reconcile"} for check in checks},
        "reconcile": set(),
    }


def test_the_days_of_a_backfill_follow_each_other(dags: dict[str, Any]) -> None:
    for task in dags["postgres_to_bq_orders"].task_group_dict["one_day"].children.values():
        assert task.max_active_tis_per_dagrun == 1


def test_waiting_for_a_day_to_close_holds_no_worker(dags: dict[str, Any]) -> None:
    load = dags["postgres_to_bq_orders"].get_task("one_day.load_orders")
    assert (load.mode, load.poke_interval) == ("reschedule", 60)


def test_both_assets_are_announced_once_all_is_proven(dags: dict[str, Any]) -> None:
    outlets = {
        task.task_id: [asset.uri for asset in task.outlets]
        for task in dags["postgres_to_bq_orders"].tasks
        if task.outlets
    }
    assert list(outlets) == ["reconcile"]
    assert [uri.strip("/") for uri in outlets["reconcile"]] == ["orders", "sales_daily"]


def test_every_check_that_is_there_is_run(dags: dict[str, Any]) -> None:
    there = sorted(file.stem for file in (ROOT / "dags" / "sql" / "checks").glob("*.sql"))
    assert there == CHECKS
    for dag_id in ("postgres_to_bq_orders", "orders_intraday"):
        ran = {task_id.rpartition("check_")[2] for task_id in edges(dags[dag_id])}
        assert ran >= set(there)


def test_sql_files_hold_no_jinja() -> None:
    files = list((ROOT / "dags" / "sql").rglob("*.sql"))
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not any(mark in text for mark in ("{{", "{%", "{#")), file


def test_the_readme_names_every_setting_dag_and_command() -> None:
    readme = (ROOT / "dags" / "README.md").read_text(encoding="utf-8")
    config = (ROOT / "dags" / "tally_dags" / "config.py").read_text(encoding="utf-8")
    settings = set(re.findall(r'"((?:TALLY|BIGQUERY|tally)_\w+)"', config))
    assert len(settings) == 8
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tasks = {task for task in ("dag", "airflow") if f"\n{task} = " in pyproject}
    for named in (*settings, *IDS, *(f"uv run poe {task}" for task in tasks)):
        assert named in readme
    assert tasks == {"dag", "airflow"}


def _listed(callbacks: Any) -> list[Any]:
    return callbacks if isinstance(callbacks, list) else [callbacks]
