"""Whole runs of the rollups on what the daily DAG has published."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tally_dag_testing.runs import Run
from tally_dag_testing.shop import Shop
from tally_testing.fault_proxy import fault_proxy

RunDag = Callable[..., Run]
DAG = "bigquery_pipeline"
DAILY = "postgres_to_bq_orders"
TABLES = ("customer_cohorts", "sales_monthly", "sales_weekly")


@pytest.fixture
def published(shop: Shop, run_dag: RunDag, day: date) -> datetime:
    """An order of 10 dollars is published; the time is returned."""
    shop.order(1000, customer_id=day.toordinal())
    at = shop.end(day)
    assert run_dag(DAILY, at).succeeded()
    return at


def week(shop: Shop, day: date) -> list[tuple[int, Decimal, Decimal]]:
    """Return the figures of the week of a day."""
    rows = shop.query(f"SELECT * FROM sales_weekly WHERE week = DATE_TRUNC(DATE '{day}', ISOWEEK)")
    return [(row["order_count"], row["gross_revenue"], row["net_revenue"]) for row in rows]


def cohort(shop: Shop, day: date) -> list[tuple[int, int, int, Decimal]]:
    """Return what became of those who first ordered in the month of a day."""
    rows = shop.query(
        "SELECT months_since, customers, cohort_size, net_revenue FROM customer_cohorts"
        f" WHERE cohort_month = DATE_TRUNC(DATE '{day}', MONTH) ORDER BY months_since"
    )
    return [tuple(row.values()) for row in rows]


def test_it_runs_when_the_daily_dag_has_proven_a_day(dags: dict[str, Any]) -> None:
    outlets = dags[DAILY].get_task("reconcile").outlets
    assert {asset.uri for asset in outlets} == {"orders", "sales_daily"}
    timetable = dags[DAG].timetable
    condition = getattr(timetable, "asset_condition", None) or timetable.dataset_condition
    assert [asset.uri for asset in condition.objects] == ["sales_daily"]


def test_each_table_is_rolled_up_beside_the_others_and_then_checked(dags: dict[str, Any]) -> None:
    dag = dags[DAG]
    assert dag.max_active_runs == 1
    assert not dag.catchup
    assert len(dag.tasks) == 1 + 2 * len(TABLES)
    for table in TABLES:
        rollup, check = dag.get_task(f"roll_up_{table}"), dag.get_task(f"check_{table}")
        assert rollup.upstream_task_ids == {"ledger_state"}
        assert check.upstream_task_ids == {"ledger_state", rollup.task_id}


def test_sales_of_weeks_and_months_and_cohorts_follow_what_is_published(
    shop: Shop, run_dag: RunDag, day: date, published: datetime
) -> None:
    assert run_dag(DAG, published).succeeded()
    assert week(shop, day) == [(1, Decimal(10), Decimal(10))]
    assert cohort(shop, day) == [(0, 1, 1, Decimal(10))]
    customer, later = day.toordinal(), shop.open(day + timedelta(days=1))
    shop.sql("UPDATE orders SET status = 'refunded' WHERE customer_id = :id", id=customer)
    shop.order(500, customer_id=customer)
    at = shop.end(later)
    assert run_dag(DAILY, at).succeeded()
    assert run_dag(DAG, at).succeeded()
    weeks = week(shop, day) + ([] if later.isoweekday() > 1 else week(shop, later))
    assert [sum(figures) for figures in zip(*weeks, strict=True)] == [2, Decimal(15), Decimal(5)]
    assert sum(row[3] for row in cohort(shop, day)) == Decimal(5)


def test_a_rollup_whose_answer_was_lost_is_made_once(
    shop: Shop, run_dag: RunDag, day: date, published: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fault_proxy(shop.endpoints["bigquery"]) as (proxy, url):
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)
        lost: list[bool] = []
        # The first request asks for the state of the ledger, the second one inserts a job.
        proxy.fail_at(2, "after", lambda: lost.append(True))
        assert run_dag(DAG, published).succeeded()
    assert lost == [True]
    assert week(shop, day) == [(1, Decimal(10), Decimal(10))]


def test_a_check_that_is_not_true_fails_at_once_and_the_next_run_mends_the_table(
    shop: Shop, run_dag: RunDag, day: date, published: datetime, events: list[dict[str, Any]]
) -> None:
    def somebody_changes_the_table(_: Any) -> None:
        shop.query("UPDATE sales_weekly SET net_revenue = net_revenue + 1 WHERE TRUE")

    run = run_dag(DAG, published, roll_up_sales_weekly__success=somebody_changes_the_table)
    assert run.state == "failed"
    check = run.one("check_sales_weekly")
    assert (check.state, check.tries) == ("failed", 1)
    assert run.one("check_customer_cohorts").state == "success"
    (event,) = events
    assert event["title"].startswith(f"{DAG}: check_sales_weekly failed for run ")
    assert "every_row_is_the_sum_of_its_days" in event["text"]
    assert run_dag(DAG, published + timedelta(hours=1)).succeeded()
    assert week(shop, day) == [(1, Decimal(10), Decimal(10))]


def test_a_day_that_is_published_while_it_runs_is_left_to_the_next_run(
    shop: Shop, run_dag: RunDag, day: date, published: datetime
) -> None:
    def a_day_is_published(_: Any) -> None:
        # As if sales_daily had gone on: were it changed itself, other tests would not reconcile.
        shop.query("UPDATE sales_weekly SET net_revenue = net_revenue + 1 WHERE TRUE")
        shop.query(f"UPDATE load_ledger SET published_at = CURRENT_TIMESTAMP() WHERE day = '{day}'")

    assert run_dag(DAG, published, roll_up_sales_weekly__success=a_day_is_published).succeeded()
    assert week(shop, day) != [(1, Decimal(10), Decimal(10))]
    assert run_dag(DAG, published + timedelta(hours=1)).succeeded()
    assert week(shop, day) == [(1, Decimal(10), Decimal(10))]
