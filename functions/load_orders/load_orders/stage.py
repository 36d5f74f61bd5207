"""Staging: load jobs with deterministic ids, and what of a load is really there."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from google.api_core.exceptions import Conflict, GoogleAPICallError, NotFound
from google.api_core.retry import Retry
from google.cloud import bigquery
from google.cloud.bigquery import DEFAULT_RETRY, LoadJob, LoadJobConfig

from load_orders.receipt import BIGQUERY_RECEIPT
from load_orders.schemas import table_schema
from orders.problems import BadGateway
from orders.tracing import current_trace_id

REUSED_DAYS: Final = 2
"""Rows that were staged longer ago are as good as expired: they may go before they are read."""
RECEIPT: Final = f"""
SELECT {BIGQUERY_RECEIPT} FROM orders_stage
WHERE load_id = @load_id AND staged_on >= @staged_from
"""


@contextmanager
def in_time(what: str, timeout_s: float) -> Iterator[None]:
    """Turn the client's time-out, an OSError as any other, into one that says whose it is.

    Raises:
        orders.problems.BadGateway: The block did not end in time.
    """
    try:
        yield
    except TimeoutError as error:
        raise BadGateway(
            f"BigQuery: {what} is not done after {timeout_s:.0f} s", slug="bigquery-failed"
        ) from error


def _labels() -> dict[str, str]:
    """Return the labels of a job; one names the trace of the request that began it."""
    trace_id = current_trace_id()
    return {"service": "tally"} | ({} if trace_id is None else {"trace_id": trace_id})


class Warehouse:
    """The dataset that loads go into.

    Args:
        client: On the dataset's project, with its location.
        dataset: Its name.
        timeout_s: How long one call is tried before it fails.
    """

    def __init__(self, client: bigquery.Client, dataset: str, timeout_s: float) -> None:
        self.client = client
        self.dataset = bigquery.DatasetReference(client.project, dataset)
        self.timeout_s = timeout_s

    @property
    def retry(self) -> Retry:
        """The client library's own rules, within our time."""
        return DEFAULT_RETRY.with_timeout(self.timeout_s)

    def rows(
        self, query: str, *parameters: bigquery.ScalarQueryParameter
    ) -> list[bigquery.table.Row]:
        """Run a query in the dataset and return all its rows.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: BigQuery refused or failed.
        """
        return self._run(query, *parameters)[0]

    def change(self, statement: str, *parameters: bigquery.ScalarQueryParameter) -> int:
        """Run a statement that changes a table of the dataset; return how many rows it changed.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: BigQuery refused or failed.
        """
        return self._run(statement, *parameters)[1]

    def _run(
        self, query: str, *parameters: bigquery.ScalarQueryParameter
    ) -> tuple[list[bigquery.table.Row], int]:
        config = bigquery.QueryJobConfig(
            default_dataset=self.dataset, query_parameters=list(parameters), labels=_labels()
        )
        job = self.client.query(
            query, config, retry=self.retry, job_retry=None, timeout=self.timeout_s
        )
        with in_time(f"query {job.job_id}", self.timeout_s):
            result = job.result(retry=self.retry, job_retry=None, timeout=self.timeout_s)
            return list(result), result.num_dml_affected_rows or 0


class Stage:
    """One load on its way into `orders_stage`; its load jobs may come from an earlier try."""

    def __init__(self, warehouse: Warehouse, load_id: str) -> None:
        self._warehouse = warehouse
        self.load_id = load_id
        self.job_ids: list[str] = []
        self._jobs: list[LoadJob] = []

    def job_id(self, chunk: int) -> str:
        """Return the id of a chunk's load job: the same in every try."""
        return f"{self._warehouse.dataset.dataset_id}-{self.load_id}-ndjson-{chunk:05d}"

    def find_jobs(self) -> None:
        """Look up which load jobs earlier tries began."""
        while True:
            job_id = self.job_id(len(self._jobs))
            try:
                self._add(self._get(job_id))
            except NotFound:
                return

    def submit(self, chunk: bytes) -> None:
        """Begin the load job of the next chunk, or join the one that a former try began."""
        job_id = self.job_id(len(self._jobs))
        try:
            job = self._warehouse.client.load_table_from_file(
                io.BytesIO(chunk),
                self._warehouse.dataset.table("orders_stage"),
                size=len(chunk),
                job_id=job_id,
                job_config=self._config(),
                timeout=self._warehouse.timeout_s,
            )
        except Conflict:
            job = self._get(job_id)
        self._add(job)

    def wait(self) -> None:
        """Wait until the load jobs are done.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: One failed, or BigQuery did.
            orders.problems.BadGateway: One is not done in time; it goes on.
        """
        timeout_s = self._warehouse.timeout_s
        for job in self._jobs:
            with in_time(f"load job {job.job_id}", timeout_s):
                job.result(retry=self._warehouse.retry, timeout=timeout_s)

    def proves(self, receipt: str) -> bool:
        """Tell whether what an earlier try began has come to be all the rows of the receipt.

        A job that failed keeps its id for ever, so such a load needs other ids.
        """
        try:
            self.wait()
        except GoogleAPICallError:
            if any(job.error_result is None and job.state != "DONE" for job in self._jobs):
                raise
            return False
        return self.receipt() == receipt

    def receipt(self) -> str:
        """Return the receipt of the rows that are staged under this load, and will stay a while."""
        staged_from = datetime.now(UTC).date() - timedelta(days=REUSED_DAYS)
        parameters = (
            bigquery.ScalarQueryParameter("load_id", "STRING", self.load_id),
            bigquery.ScalarQueryParameter("staged_from", "DATE", staged_from),
        )
        return str(self._warehouse.rows(RECEIPT, *parameters)[0][0])

    def _add(self, job: LoadJob) -> None:
        self._jobs.append(job)
        self.job_ids.append(str(job.job_id))

    def _get(self, job_id: str) -> LoadJob:
        warehouse = self._warehouse
        job = warehouse.client.get_job(job_id, retry=warehouse.retry, timeout=warehouse.timeout_s)
        if not isinstance(job, LoadJob):
            raise TypeError(f"{job_id} is no load job")
        return job

    def _config(self) -> LoadJobConfig:
        return LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            schema=table_schema("orders_stage"),
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            max_bad_records=0,
            labels=_labels(),
        )
