"""Nightly housekeeping: what has expired goes, what will be needed is made. Safe to repeat."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

from google.cloud.bigquery import ScalarQueryParameter
from sqlalchemy import Engine

from load_orders.expired import delete_expired
from load_orders.failures import as_problem
from load_orders.partitions import make_partitions
from load_orders.stage import REUSED_DAYS, Warehouse
from orders.metrics import NO_METRICS, Metrics
from orders.metrics.catalog import MAINTAIN_DELETED
from orders.problems import Unavailable
from orders.tracing import span

_log = logging.getLogger(__name__)

KEPT_DAYS: Final = REUSED_DAYS + 2
"""A load that finds its rows staged has two days to be published."""
DELETE_STAGED: Final = "DELETE FROM orders_stage WHERE staged_on < @before"


def maintain(
    engine: Engine, warehouse: Warehouse, *, budget_s: float, metrics: Metrics = NO_METRICS
) -> dict[str, Any]:
    """Do all of the housekeeping; a part that fails does not keep the others from being done.

    Args:
        engine: On the orders' Postgres.
        warehouse: Whose stage is swept.
        budget_s: About how long the expired rows of one table may take.
        metrics: Counts what is deleted.

    Returns:
        What each part has done: `{"idempotency_keys": {"deleted", "more"}, "refresh_tokens":
        {"deleted", "more"}, "partitions": {"made", "skipped"}, "orders_stage": {"deleted",
        "before"}}`.

    Raises:
        orders.problems.Unavailable: Parts have failed; `failed` says why, `done` what the others
            have done.
    """
    done: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for name, work in _parts(engine, warehouse, budget_s).items():
        try:
            with span(f"maintain {name}"):
                done[name] = work()
        except Exception as error:  # noqa: BLE001  whatever fails, the other parts are done
            _log.exception("maintain: %s failed", name)
            failed[name] = as_problem(error).detail
        else:
            if deleted := done[name].get("deleted"):
                metrics.add(MAINTAIN_DELETED, deleted, (name,))
    if failed:
        what = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise Unavailable(
            f"not all of the housekeeping is done: {what}",
            slug="maintenance-incomplete",
            failed=failed,
            done=done,
        )
    return done


def _parts(
    engine: Engine, warehouse: Warehouse, budget_s: float
) -> dict[str, Callable[[], dict[str, Any]]]:
    return {
        "partitions": partial(make_partitions, engine),
        "idempotency_keys": partial(delete_expired, engine, "idempotency_keys", budget_s),
        "refresh_tokens": partial(delete_expired, engine, "refresh_tokens", budget_s),
        "orders_stage": partial(sweep_stage, warehouse),
    }


def sweep_stage(warehouse: Warehouse) -> dict[str, Any]:
    """Delete staged rows that no load can have been told to publish any more.

    Returns:
        `{"deleted", "before"}`: how many rows, all of them staged before this UTC day.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: BigQuery refused or failed.
        orders.problems.BadGateway: It was not done in time.
    """
    before: date = datetime.now(UTC).date() - timedelta(days=KEPT_DAYS)
    deleted = warehouse.change(DELETE_STAGED, ScalarQueryParameter("before", "DATE", before))
    return {"deleted": deleted, "before": before.isoformat()}
