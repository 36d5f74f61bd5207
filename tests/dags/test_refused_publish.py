"""A publish that BigQuery refuses, in whole runs of the daily DAG."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tally_dag_testing.runs import Run
from tally_dag_testing.shop import Shop

RunDag = Callable[..., Run]
DAG = "postgres_to_bq_orders"


def test_it_is_tried_once_when_the_same_statement_would_be_refused_again(
    shop: Shop, run_dag: RunDag, day: date, events: list[dict[str, Any]]
) -> None:
    shop.order(100)

    def somebody_empties_the_stage(_: Any) -> None:
        shop.query("DELETE FROM orders_stage WHERE TRUE")

    run = run_dag(DAG, shop.end(day), load_orders__success=somebody_empties_the_stage)
    publish = run.one("one_day.publish_day")
    assert (publish.state, publish.tries) == ("failed", 1)
    assert run.one("reconcile").state == "upstream_failed"
    assert "the staged rows are not the rows" in events[0]["text"]
    assert shop.ledger(day) == []


def test_it_is_tried_again_when_another_publish_was_under_way(
    shop: Shop, run_dag: RunDag, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.order(100)
    # The local endpoint runs one publish at a time, so another refusal stands for it.
    monkeypatch.setattr("tally_dags.warehouse.CONFLICT", "the staged rows are not the rows")

    def somebody_empties_the_stage(_: Any) -> None:
        shop.query("DELETE FROM orders_stage WHERE TRUE")

    run = run_dag(DAG, shop.end(day), load_orders__success=somebody_empties_the_stage)
    publish = run.one("one_day.publish_day")
    assert (publish.state, publish.tries) == ("failed", 6)
