"""What Datadog is told when a task has failed for good."""

import logging
from collections.abc import Mapping
from typing import Any

from airflow.exceptions import AirflowNotFoundException

_log = logging.getLogger(__name__)
_LONGEST = 3000
"""Datadog takes 4,000 characters of text."""


def send_event(context: Mapping[str, Any]) -> None:
    """Send an event with DAG, task, day, error and log link; never raise.

    Without the connection `datadog_default`, or Airflow's provider for Datadog, it only writes to
    the log.
    """
    try:
        # Here, since an Airflow without that provider must still load the DAGs.
        from airflow.providers.datadog.hooks.datadog import DatadogHook  # noqa: PLC0415

        DatadogHook().post_event(**_event(context))
    except AirflowNotFoundException:
        _log.warning("no event is sent: there is no connection datadog_default")
    except Exception:  # noqa: BLE001  an alert that fails must not hide what failed
        _log.exception("the event was not sent")


def _event(context: Mapping[str, Any]) -> dict[str, Any]:
    ti = context["task_instance"]
    day = _day(context)
    error = str(context.get("exception") or "unknown")[:_LONGEST]
    return {
        "title": f"{ti.dag_id}: {ti.task_id} failed for {day}",
        "text": f"{error}\n\nday {day}, run {ti.run_id}, try {ti.try_number}\nlog: {ti.log_url}",
        "alert_type": "error",
        "aggregation_key": f"{ti.dag_id}.{ti.task_id}",
        "tags": [f"dag:{ti.dag_id}", f"task:{ti.task_id}", f"day:{day}", "service:tally"],
    }


def _day(context: Mapping[str, Any]) -> str:
    """Return the day of a task that has one, else which run it was."""
    task = context["task_instance"].task
    day = getattr(task, "day", None) or getattr(task, "op_kwargs", {}).get("day")
    return day if isinstance(day, str) else f"run {context['run_id']}"
