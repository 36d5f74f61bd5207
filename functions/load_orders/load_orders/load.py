"""Loading a day: close it, prove it, stage it. Safe to repeat and to kill at any point."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final

from sqlalchemy import Engine

from load_orders.closing import Snapshot, final_snapshot
from load_orders.extract import affected_days, copy_chunks, extract_query
from load_orders.receipt import EMPTY, changes_of, digest, postgres_receipt, row_count
from load_orders.settings import Settings
from load_orders.stage import Stage, Warehouse
from orders.metrics import NO_METRICS, Metrics
from orders.metrics.catalog import RECEIPT_MISMATCHES
from orders.problems import BadGateway
from orders.tracing import span

_ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Load:
    """What is staged of a day, and the proof that it is what Postgres holds.

    Attributes:
        day: The UTC day of the changes.
        state: `closed`, the whole day, or `open`, the day up to `last_change_id`.
        load_id: Names the rows in `orders_stage`.
        receipt: Of those rows, as Postgres computed it and BigQuery confirmed.
        row_count: How many changes.
        last_change_id: The highest change_id among them; 0 for an empty day.
        affected_days: The UTC days of `sales_daily` that the changes touch.
        job_ids: The load jobs.
        extracted_at: When Postgres was read, by its clock, in UTC.
    """

    day: date
    state: str
    load_id: str
    receipt: str
    row_count: int
    last_change_id: int
    affected_days: list[date]
    job_ids: list[str]
    extracted_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the answer of the function: dates and times in ISO 8601."""
        values = asdict(self)
        values["day"] = self.day.isoformat()
        values["affected_days"] = [day.isoformat() for day in self.affected_days]
        values["extracted_at"] = self.extracted_at.isoformat()
        return values


def load_day(
    engine: Engine,
    warehouse: Warehouse,
    settings: Settings,
    *,
    day: date,
    mode: str,
    metrics: Metrics = NO_METRICS,
) -> Load:
    """Stage the changes of a UTC day and return the receipt.

    Args:
        engine: On the orders' Postgres.
        warehouse: Where to stage.
        settings: The size of a chunk and how long to wait for open transactions.
        day: The day of the changes.
        mode: `closed` for the whole of a day that is over, `open` for the day so far.
        metrics: Counts loads that did not arrive whole.

    Raises:
        orders.problems.BadRequest: The day is in the future or before all orders.
        orders.problems.Conflict: The day is not closed yet.
        orders.problems.BadGateway: BigQuery did not keep what it was given.
        sqlalchemy.exc.DBAPIError: Postgres failed.
        google.api_core.exceptions.GoogleAPICallError: BigQuery failed.
    """
    with ExitStack() as resources:
        with span("close day", day=day.isoformat()):
            final = final_snapshot(engine, day, mode, settings.closing_wait_s)
            snapshot = resources.enter_context(final)
        condition = changes_of(day, snapshot.up_to)
        row = snapshot.connection.exec_driver_sql(postgres_receipt(condition)).one()
        receipt, last_change_id = str(row.receipt), int(row.last_change_id)
        with span("stage"):
            stage = _stage(snapshot, warehouse, settings, metrics, day=day, receipt=receipt)
        return Load(
            day=day,
            state=snapshot.state,
            load_id=stage.load_id,
            receipt=receipt,
            row_count=row_count(receipt),
            last_change_id=last_change_id,
            affected_days=affected_days(snapshot.connection, condition),
            job_ids=stage.job_ids,
            extracted_at=snapshot.taken_at.astimezone(UTC),
        )


def _stage(
    snapshot: Snapshot,
    warehouse: Warehouse,
    settings: Settings,
    metrics: Metrics,
    *,
    day: date,
    receipt: str,
) -> Stage:
    """Return the first generation of the load that is complete, staging it where none is.

    Rows of the generations before it are incomplete or expired; nobody reads them.
    """
    attempts = 0
    for generation in count():
        load_id = f"{day:%Y%m%d}-{digest(receipt)}-{generation}"
        stage = Stage(warehouse, load_id)
        stage.find_jobs()
        if receipt == EMPTY or (stage.job_ids and stage.proves(receipt)):
            return stage
        if stage.job_ids:
            continue
        with span("extract"):
            _extract(snapshot, settings, stage, day)
        with span("wait for load jobs", jobs=len(stage.job_ids)):
            stage.wait()
        if stage.receipt() == receipt:
            return stage
        metrics.add(RECEIPT_MISMATCHES, 1, ("stage",))
        attempts += 1
        if attempts == _ATTEMPTS:
            break
    raise BadGateway(
        f"{_ATTEMPTS} loads of {day} did not arrive whole in BigQuery", slug="load-incomplete"
    )


def _extract(snapshot: Snapshot, settings: Settings, stage: Stage, day: date) -> None:
    query = extract_query(
        day, changes_of(day, snapshot.up_to), stage.load_id, datetime.now(UTC).date()
    )
    try:
        copy_chunks(snapshot.connection, query, settings.load_chunk_bytes, stage.submit)
    except BaseException:
        # In the middle of a COPY the connection is of no further use.
        snapshot.connection.invalidate()
        raise
