"""The function over HTTP: what it answers to callers who are right, wrong or early."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from load_orders.app import Parts, build
from load_orders.handlers import handle_load, handle_reconcile
from tally_local.ports import free_port
from tally_testing.shop import DAY, Shop

NextDay = Callable[[], date]


def served(parts: Callable[[], Parts]) -> FlaskClient:
    app = Flask("function")
    methods = ["GET", "POST"]
    app.add_url_rule("/load", "load", lambda: handle_load(request, parts), methods=methods)
    app.add_url_rule(
        "/reconcile", "reconcile", lambda: handle_reconcile(request, parts), methods=methods
    )
    return app.test_client()


@pytest.fixture
def client(parts: Parts) -> FlaskClient:
    return served(lambda: parts)


@pytest.fixture
def broken(environment: dict[str, str]) -> Iterator[Callable[..., FlaskClient]]:
    """A client of a function whose environment is wrong in the given keys."""
    with ExitStack() as resources:

        def make(**keys: str) -> FlaskClient:
            parts = build(environment | keys, resources)
            return served(lambda: parts)

        yield make


def problem(answer: TestResponse, status: int, slug: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body: dict[str, object] = answer.get_json(force=True)
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["request_id"]
    return body


def test_a_load_answers_with_all_that_publishing_needs(
    client: FlaskClient, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    answer = client.post("/load", json={"day": next_day().isoformat(), "mode": "closed"})
    assert answer.status_code == 200
    body = answer.get_json()
    assert set(body) == {
        "day", "state", "load_id", "receipt", "row_count", "last_change_id", "affected_days",
        "job_ids", "extracted_at",
    }  # fmt: skip
    assert (body["day"], body["state"], body["row_count"]) == ("2026-11-10", "closed", 1)
    assert body["affected_days"] == ["2026-11-10"]
    assert body["extracted_at"].startswith("2026-11-11T02:00:")


def test_reconcile_answers_what_it_compared(
    client: FlaskClient, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    shop.load(next_day())
    answer = client.post("/reconcile", json={})
    assert answer.get_json() == {"days_checked": 30, "loads_checked": 1, "differences": []}


def test_reconcile_answers_409_with_the_differences(
    client: FlaskClient, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    shop.load(next_day())
    shop.parts.warehouse.rows("DELETE FROM sales_daily WHERE TRUE")
    body = problem(client.post("/reconcile", json={"days": 2}), 409, "not-reconciled")
    assert len(list(body["differences"])) == 1  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"day": null}',
        b'{"day": 20261110}',
        b'{"day": "10.11.2026"}',
        b'{"day": "2026-02-30"}',
        b'{"day": "2026-11-10T00:00:01"}',
        b'{"day": "2026-11-10", "mode": "ajar"}',
        b'{"day": "2026-11-10", "dya": "2026-11-09"}',
    ],
)
def test_a_body_that_it_does_not_take_is_400(client: FlaskClient, body: bytes) -> None:
    found = problem(client.post("/load", data=body), 400, "bad-request")
    assert found["errors"]


@pytest.mark.parametrize("days", [0, -1, "many", 1.5, 4000])
def test_a_window_that_cannot_be_is_400(client: FlaskClient, days: object) -> None:
    found = problem(client.post("/reconcile", json={"days": days}), 400, "bad-request")
    assert found["errors"][0]["pointer"] == "/days"  # type: ignore[index]


@pytest.mark.usefixtures("clock")
def test_a_future_day_is_400(client: FlaskClient) -> None:
    problem(client.post("/load", json={"day": "2026-11-11"}), 400, "future-day")


@pytest.mark.usefixtures("clock")
def test_a_day_that_is_not_over_is_409_with_when_to_come_back(client: FlaskClient) -> None:
    answer = client.post("/load", json={"day": DAY.isoformat()})
    assert problem(answer, 409, "day-not-closed")["ends"] == "2026-11-11T00:00:00+00:00"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_day_that_waits_for_a_transaction_is_409_with_what_it_waits_for(
    broken: Callable[..., FlaskClient], shop: Shop, next_day: NextDay
) -> None:
    with shop.engine.connect() as late:
        late.exec_driver_sql("INSERT INTO orders (customer_id, total_cents) VALUES (1, 1)")
        body = {"day": next_day().isoformat()}
        answer = broken(CLOSING_WAIT_S="0").post("/load", json=body)
        assert problem(answer, 409, "day-not-closed")["waits_for"]
        late.rollback()


def test_only_post_is_taken(client: FlaskClient) -> None:
    answer = client.get("/load")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "POST"


def test_503_when_postgres_is_away_and_the_same_call_works_when_it_is_back(
    broken: Callable[..., FlaskClient], shop: Shop, next_day: NextDay, client: FlaskClient
) -> None:
    shop.order()
    body = {"day": next_day().isoformat()}
    away = broken(DATABASE_URL=f"postgresql://x@127.0.0.1:{free_port()}/none")
    answer = away.post("/load", json=body)
    problem(answer, 503, "postgres-failed")
    assert answer.headers["Retry-After"]
    assert client.post("/load", json=body).status_code == 200


def test_502_when_bigquery_is_away_and_the_same_call_works_when_it_is_back(
    broken: Callable[..., FlaskClient], shop: Shop, next_day: NextDay, client: FlaskClient
) -> None:
    shop.order()
    body = {"day": next_day().isoformat()}
    away = broken(BIGQUERY_EMULATOR_HOST=f"http://127.0.0.1:{free_port()}", BIGQUERY_TIMEOUT_S="1")
    problem(away.post("/load", json=body), 502, "bigquery-failed")
    assert client.post("/load", json=body).status_code == 200


def test_502_when_the_tables_are_not_there(
    broken: Callable[..., FlaskClient], shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    elsewhere = broken(BIGQUERY_DATASET="nowhere")
    problem(elsewhere.post("/load", json={"day": next_day().isoformat()}), 502, "bigquery-failed")


def test_what_nobody_expected_is_500_without_internals(caplog: pytest.LogCaptureFixture) -> None:
    def parts() -> Parts:
        raise RuntimeError("the secret of the house")

    with caplog.at_level(logging.CRITICAL):
        answer = served(parts).post("/load", json={"day": "2026-11-10"})
    problem(answer, 500, "internal")
    assert "secret" not in answer.text


def test_a_missing_setting_names_itself() -> None:
    with ExitStack() as resources, pytest.raises(ValueError, match="bigquery_project"):
        build({"DATABASE_URL": "postgresql://x@y/z"}, resources)
