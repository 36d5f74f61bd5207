"""Whole runs of the daily DAG through the function, Postgres and BigQuery."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import QueryJob

from tally_dag_testing.runs import Run
from tally_dag_testing.shop import Shop
from tally_testing.fault_proxy import fault_proxy
from tally_testing.tcp_proxy import Direction, Link, tcp_proxy

RunDag = Callable[..., Run]
DAG = "postgres_to_bq_orders"
CHECKS = ("ledger_proves_day", "orders_follow_changes", "sales_follow_orders")


def test_the_day_that_ended_last_is_loaded_published_checked_and_reconciled(
    shop: Shop, run_dag: RunDag, day: date
) -> None:
    shop.order(1500)
    shop.order(20)
    assert run_dag(DAG, shop.end(day)).succeeded()
    (ledger,) = shop.ledger(day)
    assert ledger["state"] == "closed"
    assert ledger["receipt"].startswith("v1:2:1520:")
    assert shop.sales(day) == [{"order_count": 2, "gross_revenue": Decimal("15.2")}]


def test_a_publish_is_a_job_that_tells_day_load_and_try_and_has_a_limit(
    shop: Shop, run_dag: RunDag, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.order()
    monkeypatch.setenv("BIGQUERY_MAXIMUM_BYTES_BILLED", "1000000000")
    ids: list[str] = []

    def note(context: Any) -> None:
        ids.append(context["ti"].task.job_id)

    assert run_dag(DAG, shop.end(day), publish_day__success=note).succeeded()
    (job_id,) = ids
    load_id = shop.ledger(day)[0]["load_id"]
    assert load_id.startswith(f"{day:%Y%m%d}-")
    assert job_id.startswith(f"one_day_publish_day-{load_id}-manual__")
    assert re.search(r"-try1_[0-9a-f]{32}$", job_id)
    job = shop.warehouse.get_job(job_id)
    assert isinstance(job, QueryJob)
    assert job.maximum_bytes_billed == 10**9
    labels = job.labels
    assert (labels["app"], labels["day"], labels["airflow-dag"]) == ("tally", str(day), DAG)


def test_a_run_of_the_same_day_again_changes_nothing(
    shop: Shop, run_dag: RunDag, day: date
) -> None:
    shop.order()
    at = shop.end(day)
    assert run_dag(DAG, at).succeeded()
    before = shop.ledger(day)
    assert run_dag(DAG, at + timedelta(hours=1), {"day": day.isoformat()}).succeeded()
    assert shop.ledger(day) == before


def test_a_function_that_is_down_is_called_again_until_it_is_back(
    shop: Shop, run_dag: RunDag, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.order()
    with tcp_proxy(shop.endpoints["function"]) as proxy:
        monkeypatch.setenv("TALLY_FUNCTION_URL", proxy.url)
        proxy.mode = "refuse"

        def comes_back(_: Any) -> None:
            proxy.mode = "forward"

        run = run_dag(DAG, shop.end(day), load_orders__retry=comes_back)
    assert run.succeeded()
    assert run.one("one_day.load_orders").tries == 2
    assert len(shop.ledger(day)) == 1


def test_a_day_that_is_not_closed_is_waited_for_without_a_try(
    shop: Shop, run_dag: RunDag, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.hold("INSERT INTO orders (customer_id, total_cents, region) VALUES (1, 700, 'eu-west')")
    at = shop.end(day)

    def closed_after_refusal(link: Link, direction: Direction, data: bytes) -> None:
        link.send(direction, data)
        if direction == "down" and b" 409 " in data:
            shop.release()

    with tcp_proxy(shop.endpoints["function"]) as proxy:
        proxy.watch = closed_after_refusal
        monkeypatch.setenv("TALLY_FUNCTION_URL", proxy.url)
        run = run_dag(DAG, at)
    assert run.succeeded()
    assert run.one("one_day.load_orders").tries == 1
    assert run.reschedules == 1
    assert shop.ledger(day)[0]["receipt"].startswith("v1:1:700:")


def test_a_publish_whose_answer_was_lost_is_done_once(
    shop: Shop, run_dag: RunDag, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.order(900)
    with fault_proxy(shop.endpoints["bigquery"]) as (proxy, url):
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)
        lost: list[bool] = []
        proxy.fail_at(1, "after", lambda: lost.append(True))
        run = run_dag(DAG, shop.end(day))
    assert lost == [True]
    assert run.succeeded()
    assert shop.sales(day) == [{"order_count": 1, "gross_revenue": Decimal(9)}]
    assert len(shop.ledger(day)) == 1


def test_a_check_that_is_not_true_fails_the_run_at_once_and_datadog_is_told(
    shop: Shop, run_dag: RunDag, day: date, events: list[dict[str, Any]]
) -> None:
    shop.order(100)

    def somebody_changes_the_table(_: Any) -> None:
        shop.query(f"UPDATE orders_raw SET total_cents = 1 WHERE DATE(ingested_at) = '{day}'")

    at = shop.end(day)
    run = run_dag(DAG, at, publish_day__success=somebody_changes_the_table)
    assert run.state == "failed"
    check = run.one("one_day.check_ledger_proves_day")
    assert (check.state, check.tries) == ("failed", 1)
    assert run.one("reconcile").state == "upstream_failed"
    (event,) = events
    assert event["title"] == f"{DAG}: one_day.check_ledger_proves_day failed for {day}"
    assert f"not true of {day}: live_partition_has_its_receipt" in event["text"]
    assert "\nlog: http" in event["text"]
    assert f"day:{day}" in event["tags"]
    assert run_dag(DAG, at + timedelta(hours=1), {"day": day.isoformat()}).succeeded()


def test_what_does_not_reconcile_fails_with_the_difference(
    shop: Shop, run_dag: RunDag, day: date, events: list[dict[str, Any]]
) -> None:
    shop.order()
    forgotten = shop.open(day + timedelta(days=1))
    shop.order()
    at = shop.end(shop.open(day + timedelta(days=2)))
    run = run_dag(DAG, at)
    assert run.one("reconcile").state == "failed"
    assert run.one("reconcile").tries == 1
    assert "every day that is over has a closed load" in events[-1]["text"]
    assert f"'day': '{forgotten}'" in events[-1]["text"]
    params = {"from_day": day.isoformat(), "to_day": forgotten.isoformat()}
    assert run_dag(DAG, at + timedelta(hours=1), params).succeeded()


def test_a_week_is_backfilled_a_day_at_a_time(shop: Shop, run_dag: RunDag, day: date) -> None:
    week = [day + timedelta(days=each) for each in range(7)]
    for each in week:
        shop.open(each, hour=13)
        shop.order(100)
    at = shop.end(week[-1])
    params = {"from_day": week[0].isoformat(), "to_day": week[-1].isoformat()}
    run = run_dag(DAG, at, params)
    assert run.succeeded()
    assert {len(run.tasks[f"one_day.check_{name}"]) for name in CHECKS} == {7}
    loaded = shop.query(
        f"SELECT day FROM load_ledger WHERE day BETWEEN '{week[0]}' AND '{week[-1]}' ORDER BY day"
    )
    assert [row["day"] for row in loaded] == week


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"day": "2999-01-01"}, "2999-01-01 is not over at"),
        ({"from_day": "2026-02-02", "to_day": "2026-02-01"}, "lies after to_day"),
    ],
)
def test_wrong_params_fail_at_once(
    shop: Shop,
    run_dag: RunDag,
    day: date,
    events: list[dict[str, Any]],
    params: dict[str, str],
    said: str,
) -> None:
    run = run_dag(DAG, shop.end(day), params)
    assert run.state == "failed"
    assert run.one("choose_days").tries == 1
    assert said in events[0]["text"]
