"""The names of Airflow that moved between 2.11 and 3: import them from here."""

from typing import Any

try:
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import (
        DAG,
        Asset,
        Param,
        PokeReturnValue,
        TaskGroup,
        Variable,
        dag,
        get_current_context,
        task,
        task_group,
    )
except ImportError:
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag, task, task_group
    from airflow.models import DAG, Variable
    from airflow.models.param import Param
    from airflow.operators.python import PythonOperator, get_current_context
    from airflow.sensors.base import PokeReturnValue
    from airflow.utils.task_group import TaskGroup

    _DEFAULT = "default_var"
else:
    _DEFAULT = "default"

__all__ = [
    "DAG",
    "Asset",
    "Param",
    "PokeReturnValue",
    "PythonOperator",
    "TaskGroup",
    "dag",
    "get_current_context",
    "task",
    "task_group",
    "variable",
]


def variable(name: str) -> Any:
    """Return an Airflow Variable, None where there is none. Only for code that a task runs."""
    return Variable.get(name, **{_DEFAULT: None})
