"""Loads, publishes, reconciles, keeps house on a running stack, as Airflow does in production."""

import json
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
from google.cloud import bigquery

from tally_local.endpoints import Endpoints
from tally_local.errors import NotReconciledError, UserError
from tally_local.state import project_root
from tally_local.warehouse import RETRY, warehouse

Mode = Literal["closed", "open"]

_PATIENCE_S = 120.0
_POLL_S = 2.0
"""Asking a laptop more often than its answer suggests harms nobody."""
_TEMPORARY = (409, 502, 503, 504)
_SQL = Path("dags", "sql")


@dataclass(frozen=True)
class Load:
    """What the function answers of a staged load; its fields are publish_day.sql's parameters."""

    day: date
    state: Mode
    load_id: str
    receipt: str
    """`v1:<rows>:<sum of total_cents>:<sum of row digests>`."""
    row_count: int
    last_change_id: int
    affected_days: list[date]
    job_ids: list[str]
    extracted_at: datetime

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> "Load":
        """Read the function's JSON."""
        return cls(
            day=date.fromisoformat(answer["day"]),
            state=answer["state"],
            load_id=answer["load_id"],
            receipt=answer["receipt"],
            row_count=answer["row_count"],
            last_change_id=answer["last_change_id"],
            affected_days=[date.fromisoformat(day) for day in answer["affected_days"]],
            job_ids=answer["job_ids"],
            extracted_at=datetime.fromisoformat(answer["extracted_at"]),
        )


@dataclass(frozen=True)
class Reconciliation:
    """What was compared; that it is returned at all means that nothing differed."""

    days_checked: int
    loads_checked: int


def load_day(
    endpoints: Endpoints, day: date, mode: Mode = "closed", *, patience_s: float = _PATIENCE_S
) -> Load:
    """Load a UTC day and publish it, then run the checks. Safe to repeat at any point.

    Raises:
        UserError: The day was refused, or the function or BigQuery did not do it in time.
        NotReconciledError: The day is published, and a check on it is not true.
    """
    load = Load.from_answer(
        _call(endpoints.function, {"day": day.isoformat(), "mode": mode}, patience_s)
    )
    publish(endpoints, load)
    return load


def publish(endpoints: Endpoints, load: Load) -> None:
    """Publish a staged load and check its day. Safe to repeat at any point.

    Raises:
        UserError: BigQuery refused it: the staged rows are not the receipt's, or a later load of
            the day is published already.
        NotReconciledError: The day is published, and a check on it is not true.
    """
    with warehouse(endpoints) as client:
        _query(client, project_root() / _SQL / "publish_day.sql", _parameters(load))
        _check(client, load.day)


def reconcile(endpoints: Endpoints, days: int = 30) -> Reconciliation:
    """Compare Postgres, the ledger and the published tables over the last `days` days.

    Raises:
        NotReconciledError: Something differs.
        UserError: The comparison could not be made.
    """
    answer = _call(endpoints.reconcile, {"days": days}, _PATIENCE_S)
    return Reconciliation(answer["days_checked"], answer["loads_checked"])


def maintain(endpoints: Endpoints) -> dict[str, Any]:
    """Do the nightly housekeeping; return what each part of it has done.

    Raises:
        UserError: Some of it could not be done.
    """
    return _call(endpoints.maintain, {}, _PATIENCE_S)


def _call(url: str, body: dict[str, Any], patience_s: float) -> dict[str, Any]:
    """Post to the function until it answers 200, as long as it says to come back."""
    deadline = time.monotonic() + patience_s
    with httpx.Client(trust_env=False, timeout=patience_s) as client:
        while True:
            try:
                answer = client.post(url, json=body)
            except httpx.TransportError as error:
                raise UserError(f"{url} does not answer: {error}") from error
            if answer.is_success:
                return dict(answer.json())
            wait = _wait_asked(answer)
            if time.monotonic() + wait > deadline:
                raise UserError(f"gave up after {patience_s:.0f} s: {_detail(answer)}")
            time.sleep(wait)


def _wait_asked(refusal: httpx.Response) -> float:
    """Return the seconds after which to come back.

    Raises:
        UserError: Coming back would not help.
        NotReconciledError: The refusal lists differences.
    """
    problem = _problem(refusal)
    if differences := problem.get("differences"):
        raise NotReconciledError([json.dumps(each, sort_keys=True) for each in differences])
    # A day that is still going on ends at midnight, not within our patience.
    temporary = refusal.status_code in _TEMPORARY and "ends" not in problem
    if not temporary:
        raise UserError(_detail(refusal))
    return min(float(refusal.headers.get("retry-after", _POLL_S)), _POLL_S)


def _problem(refusal: httpx.Response) -> dict[str, Any]:
    try:
        problem = refusal.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _detail(refusal: httpx.Response) -> str:
    detail = _problem(refusal).get("detail") or refusal.text.strip()[-500:]
    return f"{refusal.request.url} answered {refusal.status_code}: {detail}"


def _parameters(load: Load) -> list[bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter]:
    scalar, array = bigquery.ScalarQueryParameter, bigquery.ArrayQueryParameter
    return [
        scalar("day", "DATE", load.day),
        scalar("state", "STRING", load.state),
        scalar("load_id", "STRING", load.load_id),
        scalar("receipt", "STRING", load.receipt),
        scalar("last_change_id", "INT64", load.last_change_id),
        array("affected_days", "DATE", load.affected_days),
        array("job_ids", "STRING", load.job_ids),
        scalar("extracted_at", "TIMESTAMP", load.extracted_at),
    ]


def _check(client: bigquery.Client, day: date) -> None:
    broken = []
    for file in sorted((project_root() / _SQL / "checks").glob("*.sql")):
        (row,) = _query(client, file, [bigquery.ScalarQueryParameter("day", "DATE", day)])
        broken += [f"{file.stem}: {name}" for name, true in row.items() if true is not True]
    if broken:
        raise NotReconciledError([f"check {each} is not true of {day}" for each in broken])


def _query(client: bigquery.Client, file: Path, parameters: list[Any]) -> list[Any]:
    config = bigquery.QueryJobConfig(query_parameters=parameters)
    job = client.query(file.read_text(encoding="utf-8"), job_config=config, retry=RETRY)
    return list(job.result(retry=RETRY))
