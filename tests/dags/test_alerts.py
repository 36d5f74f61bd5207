"""An alert that cannot be sent fails nothing."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tally_dag_testing.answering import answering
from tally_dags.alerts import send_event

TASK = SimpleNamespace(op_kwargs={"day": "2026-11-19"})
TI = SimpleNamespace(
    dag_id="dag", task_id="task", run_id="run", try_number=3, log_url="http://log", task=TASK
)
CONTEXT: dict[str, Any] = {"task_instance": TI, "run_id": "run", "exception": ValueError("why")}


@pytest.mark.usefixtures("metadata")
def test_without_a_connection_nothing_is_sent_and_nothing_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_DATADOG_DEFAULT", raising=False)
    send_event(CONTEXT)


@pytest.mark.parametrize("answer", [(403, {"errors": ["Forbidden"]}), (500, "oops")])
def test_a_datadog_that_refuses_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, answer: tuple[int, Any]
) -> None:
    with answering(answer) as datadog:
        extra = {"api_key": "key", "app_key": "app", "api_host": datadog.url}
        connection = {"conn_type": "datadog", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_DATADOG_DEFAULT", json.dumps(connection))
        send_event(CONTEXT)
    assert datadog.bodies[0]["title"] == "dag: task failed for 2026-11-19"
