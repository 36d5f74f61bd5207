"""### Yesterday's orders, from Postgres to BigQuery, exact to the cent.

Every morning at 02:00 UTC: **choose the day**, have the function **load** its changes into the
staging table, **publish** it in one transaction, **check** it, and **reconcile** Postgres, the
ledger and BigQuery over 30 days. Every step may be repeated.

Without params a run takes the UTC day that ended last. *Trigger with config* to load another:
`day`, or `from_day` and `to_day` (both included, 31 days at most, one day at a time).

The assets `orders` and `sales_daily` are announced once all of it is proven.
"""

from datetime import date, timedelta
from typing import Any

from airflow.exceptions import AirflowFailException

from tally_dags.compat import Asset, Param, dag, get_current_context, task, task_group
from tally_dags.config import RECONCILE_URL, required
from tally_dags.days import chosen_days, run_instant
from tally_dags.defaults import START, TASKS
from tally_dags.function import call
from tally_dags.orders import load_and_publish

_WINDOW = 30
"""The days of changes that are reconciled; more where older ones were loaded."""


@task(execution_timeout=timedelta(minutes=5))
def choose_days() -> list[str]:
    """Return the days to load, YYYY-MM-DD."""
    context = get_current_context()
    try:
        days = chosen_days(context["params"], run_instant(context["dag_run"]))
    except ValueError as error:
        raise AirflowFailException(str(error)) from None
    return [day.isoformat() for day in days]


@task_group
def one_day(day: Any) -> None:
    """Load, publish and check a day. Publishes of two days at once would cancel each other."""
    load_and_publish(day, "closed", max_active_tis_per_dagrun=1)


@task(outlets=[Asset("orders"), Asset("sales_daily")])
def reconcile(days: list[str]) -> dict[str, Any]:
    """Compare Postgres, the ledger and BigQuery; fail with every difference."""
    today = run_instant(get_current_context()["dag_run"]).date()
    window = max(_WINDOW, (today - date.fromisoformat(days[0])).days + 1)
    return call(required(RECONCILE_URL), {"days": window})


def _day(description: str) -> Param:
    return Param(None, type=["null", "string"], format="date", description=description)


@dag(
    schedule="0 2 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=TASKS,
    params={
        "day": _day("A UTC day, YYYY-MM-DD; empty for the one that ended last."),
        "from_day": _day("The first day of a backfill."),
        "to_day": _day("The last day of a backfill, included."),
    },
    doc_md=__doc__,
    tags=["tally"],
)
def postgres_to_bq_orders() -> None:
    """Load and prove the days of the run."""
    days = choose_days()
    one_day.expand(day=days) >> reconcile(days)


postgres_to_bq_orders()
