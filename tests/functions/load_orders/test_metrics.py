"""What the function measures, handed over before it answers."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from google.cloud import bigquery

from load_orders.app import Parts
from load_orders.handlers import handle_load, handle_reconcile
from orders.metrics.catalog import (
    LOAD_CENTS,
    LOAD_LAG_SECONDS,
    LOAD_ROWS,
    LOAD_SECONDS,
    RECEIPT_MISMATCHES,
)
from tally_testing.metrics import RecordingMetrics
from tally_testing.shop import Shop

NextDay = Callable[[], date]


@pytest.fixture
def metrics() -> RecordingMetrics:
    return RecordingMetrics()


@pytest.fixture
def client(parts: Parts, metrics: RecordingMetrics) -> FlaskClient:
    measured = parts._replace(metrics=metrics)
    app = Flask("function")
    for path, handle in {"/load": handle_load, "/reconcile": handle_reconcile}.items():
        app.add_url_rule(
            path, path, lambda by=handle: by(request, lambda: measured), methods=["POST"]
        )
    return app.test_client()


def test_a_load_is_measured(
    client: FlaskClient, metrics: RecordingMetrics, shop: Shop, next_day: NextDay
) -> None:
    for cents in (1000, 500):
        shop.order(total_cents=cents)
    day = next_day()
    assert client.post("/load", json={"day": day.isoformat()}).status_code == 200
    assert metrics.added == {(LOAD_ROWS, ("closed",)): 2, (LOAD_CENTS, ("closed",)): 1500}
    [seconds] = metrics.values[LOAD_SECONDS, ("staged",)]
    assert 0 < seconds < 600
    # It is two o'clock of the next day.
    assert 7200 <= metrics.gauges[LOAD_LAG_SECONDS, ()]() < 7200 + 600
    assert metrics.flushes == 1


def test_a_load_that_fails_is_measured(
    client: FlaskClient, metrics: RecordingMetrics, shop: Shop
) -> None:
    shop.order()
    assert client.post("/load", json={"day": "2026-11-10"}).status_code == 409
    assert len(metrics.values[LOAD_SECONDS, ("failed",)]) == 1
    assert metrics.added == {}
    assert metrics.flushes == 1


def test_receipts_that_differ_are_counted(
    client: FlaskClient, metrics: RecordingMetrics, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    shop.load(next_day())
    assert client.post("/reconcile", json={}).status_code == 200
    assert metrics.added == {}
    warehouse = shop.parts.warehouse
    config = bigquery.QueryJobConfig(default_dataset=warehouse.dataset)
    warehouse.client.query(
        "DELETE FROM orders_raw WHERE ingested_at > '2000-01-01'", config
    ).result()
    assert client.post("/reconcile", json={}).status_code == 409
    assert metrics.added == {(RECEIPT_MISMATCHES, ("reconcile",)): 1}
