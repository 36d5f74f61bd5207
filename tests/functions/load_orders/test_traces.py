"""A load continues its caller's trace, and its jobs in BigQuery name it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import pytest
from flask import Flask, request

from load_orders.app import Parts, build
from load_orders.handlers import handle_load, handle_maintain
from tally_testing.otlp import Receiver, receiver
from tally_testing.shop import Shop

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture
def taking() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


def load(parts: Parts, day: date) -> list[str]:
    app = Flask("function")
    app.add_url_rule("/", "load", lambda: handle_load(request, lambda: parts), methods=["POST"])
    answer = app.test_client().post("/", json={"day": day.isoformat()}, headers=SENT)
    assert answer.status_code == 200, answer.text
    jobs: list[str] = answer.get_json()["job_ids"]
    return jobs


def test_a_load_and_its_jobs_are_part_of_the_callers_trace(
    environment: dict[str, str],
    taking: Receiver,
    shop: Shop,
    next_day: Callable[[], date],
) -> None:
    shop.order()
    day = next_day()
    with ExitStack() as resources:
        parts = build(environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": taking.url}, resources)
        [job] = load(parts, day)
        # Before the function's answer, for its processor may stop with it.
        names = {span.name for span in taking.spans}
        labels = parts.warehouse.client.get_job(job).labels
    assert labels == {"service": "tally", "trace_id": TRACE}
    assert names >= {"load", "close day", "stage", "extract", "wait for load jobs", "SELECT"}
    assert {span.trace_id.hex() for span in taking.spans} == {TRACE}
    assert taking.services == {"tally-load"}


def test_off_jobs_name_the_trace_all_the_same(
    parts: Parts, shop: Shop, next_day: Callable[[], date]
) -> None:
    shop.order()
    [job] = load(parts, next_day())
    assert parts.warehouse.client.get_job(job).labels == {"service": "tally", "trace_id": TRACE}


def test_the_housekeeping_and_its_parts_are_part_of_the_callers_trace(
    environment: dict[str, str], taking: Receiver
) -> None:
    app = Flask("function")
    with ExitStack() as resources:
        parts = build(environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": taking.url}, resources)
        app.add_url_rule(
            "/", "maintain", lambda: handle_maintain(request, lambda: parts), methods=["POST"]
        )
        assert app.test_client().post("/", json={}, headers=SENT).status_code == 200
        names = {span.name for span in taking.spans}
    assert names >= {"maintain", "maintain partitions", "maintain orders_stage"}
    assert {span.trace_id.hex() for span in taking.spans} == {TRACE}
