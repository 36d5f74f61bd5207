"""### Today's orders so far, every five minutes.

Off unless the Airflow Variable `tally_intraday` says `true`: then each run loads the open day,
up to the last change that is final, and publishes it in place of what it showed before. The
ledger calls it `open` until the nightly DAG loads the whole day.

From 02:00 to 03:00 UTC it rests: the nightly DAG publishes then, and the rollups are compared with
what it has published. BigQuery cancels one of two publishes at the same moment; the next run, five
minutes later, makes up for it.
"""

from datetime import timedelta

from tally_dags.compat import dag, get_current_context, task
from tally_dags.config import intraday_is_on
from tally_dags.days import run_instant
from tally_dags.defaults import START, TASKS
from tally_dags.orders import load_and_publish

_NIGHTLY = 2
"""The hour, UTC, in which the nightly DAG and the rollups run."""


@task.short_circuit(execution_timeout=timedelta(minutes=5))
def is_on() -> bool:
    """Skip the rest unless the Variable says otherwise, and in the hour of the nightly DAG."""
    hour = run_instant(get_current_context()["dag_run"]).hour
    return hour != _NIGHTLY and intraday_is_on()


@task(execution_timeout=timedelta(minutes=5))
def open_day() -> str:
    """Return the UTC day of the run, YYYY-MM-DD."""
    return run_instant(get_current_context()["dag_run"]).date().isoformat()


@dag(
    schedule="*/5 * * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    # The next run is the retry.
    default_args=TASKS | {"retries": 0},
    doc_md=__doc__,
    tags=["tally"],
)
def orders_intraday() -> None:
    """Load and publish the open day."""
    day = open_day()
    is_on() >> day
    load_and_publish(day, "open")


orders_intraday()
