"""### Nightly housekeeping.

At 03:30 UTC Airflow has the function remove what has expired (idempotency keys, tokens, staged
rows that nobody reads) and make the partitions of the coming months. It may run twice, late or
never: no order waits for it.
"""

from typing import Any

from tally_dags.compat import DAG, PythonOperator
from tally_dags.config import MAINTAIN_URL, required
from tally_dags.defaults import START, TASKS
from tally_dags.function import call


def maintain() -> dict[str, Any]:
    """Have the function do the housekeeping; return what it did."""
    return call(required(MAINTAIN_URL), {})


with DAG(
    dag_id="etl_basic",
    schedule="30 3 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=TASKS,
    doc_md=__doc__,
    tags=["tally"],
) as dag:
    PythonOperator(task_id="maintain", python_callable=maintain)
