"""The trace of a request: from its caller through the API to Postgres, and into the change log."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from orders_api.settings import Settings
from tally_testing.api_process import api_process
from tally_testing.otlp import Receiver, attributes, receiver
from tally_testing.serving import serving

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
SENT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
ORDER = {"customer_id": 1, "total_cents": 1999}


@pytest.fixture
def taking() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


def settings_for(database_url: str, endpoint: str | None) -> Settings:
    given = {"database_url": database_url, "otel_exporter_otlp_endpoint": endpoint}
    return Settings.model_validate(given)


def test_an_order_is_part_of_its_callers_trace(database_url: str, taking: Receiver) -> None:
    with serving(settings_for(database_url, taking.url)) as client:
        order = client.post("/orders", json=ORDER, headers=SENT).json()
    assert order["trace_id"] == TRACE
    [request] = taking.named("POST /orders")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    found = attributes(request)
    assert found["http.route"] == "/orders"
    assert found["http.response.status_code"] == 201
    [batch] = taking.named("create orders")
    assert (batch.trace_id, batch.parent_span_id) == (request.trace_id, request.span_id)
    assert [link.span_id for link in batch.links] == [request.span_id]
    assert taking.services == {"tally-api"}


def test_a_trace_that_begins_here_is_in_the_change_log(database_url: str, taking: Receiver) -> None:
    with serving(settings_for(database_url, taking.url)) as client:
        order = client.post("/v1/orders", json=ORDER).json()
        path = f"/orders/{order['id']}/history"
        [change] = client.get(path, headers=SENT).json()["changes"]
    [request] = taking.named("POST /orders")
    assert change["trace_id"] == order["trace_id"] == request.trace_id.hex()
    [read] = taking.named("GET /orders/{order_id}/history")
    statements = [one for one in taking.named("SELECT") if one.parent_span_id == read.span_id]
    assert statements
    assert all(attributes(one)["db.system.name"] == "postgresql" for one in statements)


def test_a_batch_is_linked_to_all_its_requests(database_url: str, taking: Receiver) -> None:
    with serving(settings_for(database_url, taking.url)) as client:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.post("/orders", json=ORDER), range(40)))
        assert {answer.status_code for answer in answers} == {201}
    requests = {span.span_id for span in taking.named("POST /orders")}
    linked = [link.span_id for batch in taking.named("create orders") for link in batch.links]
    assert len(requests) == 40
    assert sorted(linked) == sorted(requests)


def test_a_caller_who_does_not_sample_is_not_traced(database_url: str, taking: Receiver) -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
    with serving(settings_for(database_url, taking.url)) as client:
        order = client.post("/orders", json=ORDER, headers=headers).json()
    assert order["trace_id"] == TRACE
    assert taking.spans == []


def test_off_a_trace_that_was_sent_is_kept_and_none_begins(database_url: str) -> None:
    with serving(settings_for(database_url, None)) as client:
        assert client.post("/orders", json=ORDER, headers=SENT).json()["trace_id"] == TRACE
        assert client.post("/orders", json=ORDER).json()["trace_id"] is None


@pytest.mark.slow
def test_a_receiver_that_does_not_answer_holds_nobody_up(
    database_url: str, taking: Receiver, tmp_path: Path
) -> None:
    taking.awake.clear()
    endpoint = {"otel_exporter_otlp_endpoint": taking.url, "otel_bsp_schedule_delay": 10}
    with api_process(database_url, tmp_path, out=None, **endpoint) as api:
        with httpx.Client(base_url=api.url, timeout=60) as client:
            # More than its queue holds.
            for _ in range(1_500):
                assert client.post("/orders", json=ORDER).status_code == 201
        api.process.terminate()
        assert api.process.wait(60) is not None


def test_a_receiver_that_is_away_harms_nobody(database_url: str, tmp_path: Path) -> None:
    with receiver() as gone:
        url = gone.url
    endpoint = {"otel_exporter_otlp_endpoint": url, "otel_bsp_schedule_delay": 10}
    with api_process(database_url, tmp_path, out=None, **endpoint) as api:
        answers = [httpx.post(f"{api.url}/orders", json=ORDER, timeout=60) for _ in range(20)]
        assert {answer.status_code for answer in answers} == {201}
        traces = {json.loads(answer.content)["trace_id"] for answer in answers}
    assert len(traces) == 20
