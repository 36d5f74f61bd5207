"""Runs a DAG to its end with Airflow's own `dag.test`, on either line."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from airflow.models.taskreschedule import TaskReschedule
from airflow.utils.session import create_session

try:
    from airflow.sdk.execution_time import supervisor, task_runner
except ImportError:
    pass
else:
    # Airflow 3 makes its in-process API anew for each task, which costs over a second of CPU.
    supervisor.in_process_api_server = cache(supervisor.in_process_api_server)
    _finalize = task_runner.finalize

    def _finalize_as_workers_do(
        ti: Any, state: Any, context: Any, log: Any, error: BaseException | None = None
    ) -> None:
        """Hand the error to callbacks, which `dag.test` forgets and a worker does not."""
        context["exception"] = error
        _finalize(ti, state, context, log, error)

    task_runner.finalize = _finalize_as_workers_do

Callback = Callable[[Any], None]


@dataclass(frozen=True)
class Task:
    """What became of a task; of a mapped one there is one for each map index."""

    state: str
    tries: int


@dataclass(frozen=True)
class Run:
    state: str
    tasks: dict[str, list[Task]]
    """By id, in the order of map indexes."""
    reschedules: int

    def one(self, task_id: str) -> Task:
        (task,) = self.tasks[task_id]
        return task

    def succeeded(self) -> bool:
        return self.state == "success" and all(
            task.state == "success" for tasks in self.tasks.values() for task in tasks
        )


def run(dag: Any, at: datetime, params: dict[str, Any] | None = None, **on: Callback) -> Run:
    """Run a DAG as if it were made for an instant; waits between tries are cut to none.

    Args:
        dag: The DAG.
        at: The instant.
        params: As with "trigger with config".
        on: Callbacks, by task id and event: `publish_day__success`.
    """
    for task in dag.tasks:
        _do_not_wait(task)
        for event in ("retry", "success"):
            callback = on.get(f"{task.task_id.rpartition('.')[2]}__{event}")
            setattr(task, f"on_{event}_callback", [callback] if callback else [])
    if "run_after" in inspect.signature(dag.test).parameters:
        made = dag.test(run_after=at, logical_date=None, run_conf=params)
    else:
        made = dag.test(execution_date=at, run_conf=params)
    return _what_became(made)


def _do_not_wait(task: Any) -> None:
    task.retry_delay = timedelta(0)
    task.retry_exponential_backoff = False
    if hasattr(task, "poke_interval"):
        task.poke_interval = 0


def _what_became(dag_run: Any) -> Run:
    tasks: dict[str, list[Task]] = {}
    with create_session() as session:
        instances = dag_run.get_task_instances(session=session)
        for ti in sorted(instances, key=lambda each: each.map_index):
            tasks.setdefault(ti.task_id, []).append(Task(str(ti.state), ti.try_number))
        ids = [getattr(ti, "id", None) for ti in instances]
        reschedules = session.query(TaskReschedule)
        if hasattr(TaskReschedule, "ti_id"):
            reschedules = reschedules.filter(TaskReschedule.ti_id.in_(ids))
        else:
            reschedules = reschedules.filter(TaskReschedule.run_id == dag_run.run_id)
        return Run(str(dag_run.state), tasks, reschedules.count())
