"""Reconciling: Postgres = ledger = live partitions, and no day left out."""

from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from google.cloud.bigquery import ScalarQueryParameter
from sqlalchemy import Connection, Engine, text

from load_orders.columns import FROM_CHANGES
from load_orders.differing import differing_changes
from load_orders.drift import orders_drift, sales_drift
from load_orders.receipt import BIGQUERY_RECEIPT, EMPTY, changes_of, postgres_receipt
from load_orders.stage import Warehouse
from orders.problems import Conflict

# The ledger and the live partitions in one query, so in one snapshot.
PUBLISHED: Final = f"""
SELECT
  COALESCE(load_ledger.day, live.day) AS day,
  load_ledger.state AS state,
  load_ledger.receipt AS receipt,
  load_ledger.last_change_id AS last_change_id,
  IFNULL(live.receipt, '{EMPTY}') AS live_receipt
FROM (SELECT * FROM load_ledger WHERE day BETWEEN @first_day AND @last_day) AS load_ledger
FULL JOIN (
  SELECT DATE(ingested_at) AS day, {BIGQUERY_RECEIPT} AS receipt
  FROM orders_raw
  WHERE DATE(ingested_at) BETWEEN @first_day AND @last_day
  GROUP BY day
) AS live
ON load_ledger.day = live.day
ORDER BY day
"""
# A day that is over needs a closed load once it is noted as closed; also when it ended more than
# a day ago, or when later days have been loaded: then loading has stopped, or forgot it.
_OVER: Final = f"""
SELECT day FROM day_closings
WHERE day BETWEEN :first_day AND :last_day AND closing_xid IS NOT NULL
UNION
SELECT DISTINCT (c.changed_at AT TIME ZONE 'UTC')::date FROM {FROM_CHANGES}
WHERE c.changed_at >= :first_day
    AND c.changed_at < GREATEST(CAST(:latest_load AS date), CAST(:last_day AS date) - 1)
ORDER BY 1
"""


RECEIPTS: Final = "Postgres = ledger = orders_raw"
"""The check that compares receipts."""


class Published(NamedTuple):
    """What BigQuery holds of a day; state and receipt are None where the ledger has no row."""

    day: date
    state: str | None
    receipt: str | None
    last_change_id: int | None
    live_receipt: str


def reconcile(engine: Engine, warehouse: Warehouse, *, days: int) -> dict[str, Any]:
    """Compare the last `days` days of changes, and orders and sales over all days.

    Returns:
        `{"days_checked", "loads_checked", "differences": []}`.

    Raises:
        orders.problems.Conflict: Something differs; each difference has the check, the day, the
            two figures and the ids.
        sqlalchemy.exc.DBAPIError: Postgres failed.
        google.api_core.exceptions.GoogleAPICallError: BigQuery failed.
    """
    last_day = _today(engine)
    first_day = last_day - timedelta(days=days - 1)
    # BigQuery first: what it holds was in Postgres before, so the later snapshot has it.
    published = _published(warehouse, first_day, last_day)
    isolated = engine.execution_options(isolation_level="REPEATABLE READ")
    with isolated.connect() as connection:
        differences = [
            *_missing_loads(connection, published, first_day, last_day),
            *_receipts(connection, warehouse, published),
        ]
    differences += [*orders_drift(warehouse), *sales_drift(warehouse)]
    loads = sum(day.receipt is not None for day in published)
    if differences:
        one = differences[0]
        raise Conflict(
            f"{len(differences)} differences; the first: {one['check']}, {one['day']},"
            f" expected {one['expected']}, found {one['actual']}",
            slug="not-reconciled",
            days_checked=days,
            loads_checked=loads,
            differences=differences,
        )
    return {"days_checked": days, "loads_checked": loads, "differences": []}


def _today(engine: Engine) -> date:
    with engine.connect() as connection:
        query = text("SELECT (tally_now() AT TIME ZONE 'UTC')::date")
        today: date = connection.execute(query).scalar_one()
        return today


def _published(warehouse: Warehouse, first_day: date, last_day: date) -> list[Published]:
    rows = warehouse.rows(
        PUBLISHED,
        ScalarQueryParameter("first_day", "DATE", first_day),
        ScalarQueryParameter("last_day", "DATE", last_day),
    )
    return [Published(*(row[name] for name in Published._fields)) for row in rows]


def _missing_loads(
    connection: Connection, published: list[Published], first_day: date, last_day: date
) -> list[dict[str, Any]]:
    states = {one.day: one.state for one in published if one.state is not None}
    window = {
        "first_day": first_day,
        "last_day": last_day,
        "latest_load": max(states, default=first_day),
    }
    over = connection.execute(text(_OVER), window).scalars()
    return [
        {
            "check": "every day that is over has a closed load",
            "day": day.isoformat(),
            "expected": "closed",
            "actual": states.get(day, "no load"),
            "ids": [],
        }
        for day in over
        if states.get(day) != "closed"
    ]


def _receipts(
    connection: Connection, warehouse: Warehouse, published: list[Published]
) -> list[dict[str, Any]]:
    differences = []
    for one in published:
        condition = changes_of(one.day, one.last_change_id if one.state == "open" else None)
        postgres = str(connection.exec_driver_sql(postgres_receipt(condition)).one().receipt)
        if not postgres == one.receipt == one.live_receipt:
            differences.append(
                {
                    "check": RECEIPTS,
                    "day": one.day.isoformat(),
                    "expected": postgres,
                    "actual": f"ledger {one.receipt}, orders_raw {one.live_receipt}",
                    "ids": differing_changes(connection, warehouse, one.day, condition),
                }
            )
    return differences
