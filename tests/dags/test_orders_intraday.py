"""Whole runs of the intraday DAG."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tally_dag_testing.runs import Run
from tally_dag_testing.shop import Shop

RunDag = Callable[..., Run]
DAG = "orders_intraday"


def five_past_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize("variable", [None, "false", ""])
def test_it_does_nothing_unless_it_is_turned_on(
    shop: Shop,
    run_dag: RunDag,
    day: date,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
) -> None:
    shop.order()
    if variable is not None:
        monkeypatch.setenv("AIRFLOW_VAR_TALLY_INTRADAY", variable)
    run = run_dag(DAG, five_past_noon(day))
    assert run.state == "success"
    states = {task: run.one(task).state for task in run.tasks}
    assert states.pop("is_on") == "success"
    assert set(states.values()) == {"skipped"}
    assert shop.ledger(day) == []


def test_it_rests_in_the_hour_of_the_nightly_dag(
    shop: Shop, run_dag: RunDag, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_TALLY_INTRADAY", "true")
    shop.order()
    run = run_dag(DAG, five_past_noon(day).replace(hour=2))
    assert run.one("load_orders").state == "skipped"
    assert shop.ledger(day) == []


def test_it_shows_the_day_so_far_until_the_nightly_dag_loads_it_whole(
    shop: Shop, run_dag: RunDag, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_TALLY_INTRADAY", "True")
    shop.order(100)
    assert run_dag(DAG, five_past_noon(day)).succeeded()
    assert [row["state"] for row in shop.ledger(day)] == ["open"]
    shop.order(200)
    assert run_dag(DAG, five_past_noon(day).replace(minute=10)).succeeded()
    assert shop.sales(day) == [{"order_count": 2, "gross_revenue": Decimal(3)}]
    assert run_dag("postgres_to_bq_orders", shop.end(day)).succeeded()
    assert [row["state"] for row in shop.ledger(day)] == ["closed"]
