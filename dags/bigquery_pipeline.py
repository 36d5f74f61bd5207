"""### Sales by week and month, and how customers come back.

Whenever a day of `sales_daily` is published and proven: **roll up** `sales_weekly`,
`sales_monthly` and `customer_cohorts`, side by side, and **check** each against what it is made of.

Each rollup is computed anew from all days by one `MERGE`, which writes only the rows that changed:
a run may be repeated, and one that was missed is made up by the next. *Trigger* it to run it now.

A day that is published while it runs is not held against it: the checks that compare then pass,
and the next run makes them.
"""

from pathlib import Path

from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from google.cloud.bigquery import QueryJobConfig

from tally_dags.compat import Asset, dag, task
from tally_dags.config import Place
from tally_dags.defaults import START, TASKS
from tally_dags.warehouse import CheckOperator, ScriptOperator, scalar

_SQL = Path(__file__).parent / "sql"


@task
def ledger_state() -> str:
    """Return a figure that is another one as soon as a day is published anew."""
    place = Place.from_environment()
    config = QueryJobConfig(
        default_dataset=f"{place.project}.{place.dataset}",
        maximum_bytes_billed=place.maximum_bytes_billed,
        labels={"app": "tally"},
    )
    client = BigQueryHook(use_legacy_sql=False).get_client(place.project, place.location)
    sql = (_SQL / "ledger_state.sql").read_text(encoding="utf-8")
    (row,) = client.query_and_wait(sql, job_config=config)
    return str(row["ledger_state"])


@dag(
    schedule=[Asset("sales_daily")],
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=TASKS,
    doc_md=__doc__,
    tags=["tally"],
)
def bigquery_pipeline() -> None:
    """Roll up and check, one pair of tasks for each file of dags/sql/rollups."""
    state = ledger_state()
    for table in sorted(file.stem for file in (_SQL / "rollups").glob("*.sql")):
        rollup = ScriptOperator(
            task_id=f"roll_up_{table}",
            sql=f"sql/rollups/{table}.sql",
            parameters=[],
            subject=state,
        )
        rollup >> CheckOperator(
            task_id=f"check_{table}",
            sql=f"sql/checks/rollups/{table}.sql",
            parameters=[scalar("ledger_state", "STRING", state)],
        )


bigquery_pipeline()
