"""What Prometheus reads on the port of its own."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from orders.metrics import MetricsSettings, open_metrics
from orders.metrics.catalog import (
    HTTP_DURATION_MS,
    HTTP_REQUESTS,
    ORDER_TOTAL_CENTS,
    ORDERS_CREATED,
    POOL_IN_USE,
)
from orders.metrics.collector import Collector
from orders.metrics.prometheus import PrometheusBackend
from orders.metrics.sample import Sample
from tally_local.ports import free_port

REQUEST = ("POST", "201", "/orders/{order_id}")
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def collector(port: int) -> Iterator[Collector]:
    backend = PrometheusBackend("127.0.0.1", port)
    with closing(Collector([backend], every_s=3600, patience_s=120)) as collector:
        yield collector


def scrape(port: int) -> Samples:
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_counters_rise_and_gauges_are_as_they_are(collector: Collector, port: int) -> None:
    for taken in (2, 1):
        collector.add(ORDERS_CREATED, taken, ("eu", "pending", "EUR"))
        collector.set(POOL_IN_USE, taken)
        collector.flush()
    found = scrape(port)
    tags = {"region": "eu", "status": "pending", "currency": "EUR"}
    assert found["tally_orders_created_total", frozenset(tags.items())] == 3
    assert found["tally_pool_in_use", frozenset()] == 1


def test_a_path_is_its_template_and_buckets_are_exact(collector: Collector, port: int) -> None:
    for value in (0.5, 1.0, 3, 40, 99_999):
        collector.record(HTTP_DURATION_MS, value, REQUEST)
        collector.flush()
    found = scrape(port)
    tags = {"method": "POST", "status": "201", "path": "/orders/{order_id}"}
    name = "tally_http_request_duration_ms"

    def at_most(bound: str) -> float:
        return found[f"{name}_bucket", frozenset((tags | {"le": bound}).items())]

    assert [at_most(bound) for bound in ("1.0", "2.5", "5.0", "50.0", "+Inf")] == [2, 2, 3, 4, 5]
    assert found[f"{name}_count", frozenset(tags.items())] == 5
    assert found[f"{name}_sum", frozenset(tags.items())] == pytest.approx(100_043.5)


def test_of_a_sample_count_and_sum_are_exact(collector: Collector, port: int) -> None:
    sample = Sample()
    for value in range(100_000):
        sample.add(value)
    collector.record_many(ORDER_TOTAL_CENTS, sample, ("eu", "pending", "EUR"))
    collector.flush()
    found = {name: value for (name, _), value in scrape(port).items() if "bucket" not in name}
    assert found["tally_orders_total_cents_count"] == 100_000
    assert found["tally_orders_total_cents_sum"] == sum(range(100_000))


def test_what_a_caller_wrote_is_quoted(collector: Collector, port: int) -> None:
    region = 'a"b\\c\nd'
    collector.add(ORDERS_CREATED, 1, (region, "pending", "EUR"))
    collector.flush()
    [(_, labels)] = scrape(port)
    assert dict(labels)["region"] == region


def test_a_port_that_is_taken_keeps_nobody_from_working(
    collector: Collector, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    settings = MetricsSettings(prometheus_port=port)
    with open_metrics(settings) as metrics:
        metrics.add(HTTP_REQUESTS, 1, REQUEST)
    assert "Prometheus cannot be served" in caplog.text
    collector.flush()
    assert scrape(port) == {}
