"""The datagrams that an agent gets, and what becomes of a service whose agent takes none."""

import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from orders.metrics.catalog import HTTP_DURATION_MS, HTTP_REQUESTS, ORDERS_CREATED, POOL_IN_USE
from orders.metrics.collector import Collector
from orders.metrics.datadog import DatadogBackend
from orders.metrics.sample import KEPT, Sample
from orders.metrics.settings import MetricsSettings
from tally_testing.metrics import Agent, agent

REQUEST = ("POST", "201", "/orders")
SELDOM_S = 3600.0
PATIENCE_S = 120.0


def collector_for(**settings: object) -> Collector:
    """One that hands over when it is told to, and at the end."""
    chosen = MetricsSettings.model_validate(settings | {"dd_metrics_enabled": "1"})
    return Collector([DatadogBackend(chosen)], SELDOM_S, PATIENCE_S)


@pytest.fixture
def listening() -> Iterator[Agent]:
    with agent() as listening:
        yield listening


@pytest.fixture
def collector(listening: Agent) -> Iterator[Collector]:
    with closing(collector_for(dd_agent_host="127.0.0.1", dd_dogstatsd_port=listening.port)) as one:
        yield one


def test_counters_are_summed_gauges_are_as_they_are(collector: Collector, listening: Agent) -> None:
    for _ in range(3):
        collector.add(ORDERS_CREATED, 1, ("eu", "pending", "EUR"))
    collector.add(ORDERS_CREATED, 1, ("us", "paid", "USD"))
    collector.watch(POOL_IN_USE, lambda: 4)
    collector.flush()
    found = {(line.name, line.kind, line.value, line.tags) for line in listening.lines()}
    assert found == {
        (
            "tally.orders.created",
            "c",
            3,
            frozenset({"region:eu", "status:pending", "currency:EUR"}),
        ),
        (
            "tally.orders.created",
            "c",
            1,
            frozenset({"region:us", "status:paid", "currency:USD"}),
        ),
        ("tally.pool.in_use", "g", 4, frozenset()),
    }


def test_a_figure_is_sent_once(collector: Collector, listening: Agent) -> None:
    collector.add(HTTP_REQUESTS, 1, REQUEST)
    collector.flush()
    collector.flush()
    collector.add(HTTP_REQUESTS, 1, REQUEST)
    collector.flush()
    assert [line.value for line in listening.lines()] == [1, 1]


def test_ten_thousand_requests_are_a_handful_of_datagrams(
    collector: Collector, listening: Agent
) -> None:
    for number in range(10_000):
        collector.add(HTTP_REQUESTS, 1, REQUEST)
        collector.record(HTTP_DURATION_MS, number / 10, REQUEST)
    collector.flush()
    assert listening.total("tally.http.requests") == 10_000
    # The agent multiplies each value of the sample by its rate.
    assert listening.total("tally.http.request.duration_ms") == pytest.approx(10_000, rel=0.001)
    values = [line.value for line in listening.lines() if line.kind == "h"]
    assert len(values) == KEPT
    assert max(values) > 700
    assert min(values) < 300
    assert len(listening.datagrams) <= 10
    assert max(map(len, listening.datagrams)) <= 1432


def test_a_sample_stands_for_all(collector: Collector, listening: Agent) -> None:
    sample = Sample()
    for value in range(1000):
        sample.add(value)
    collector.record_many(HTTP_DURATION_MS, sample, REQUEST)
    collector.flush()
    assert listening.total("tally.http.request.duration_ms") == pytest.approx(1000, rel=0.001)


def test_the_rate_of_very_many_values_is_not_none(collector: Collector, listening: Agent) -> None:
    sample = Sample()
    sample.add(1)
    sample.count = 10**9
    collector.record_many(HTTP_DURATION_MS, sample, REQUEST)
    collector.flush()
    assert listening.total("tally.http.request.duration_ms") == pytest.approx(10**9)


def test_what_a_caller_wrote_cannot_forge_a_line(collector: Collector, listening: Agent) -> None:
    region = "x|c\ntally.orders.created:1000000|c|#a,b:c"
    collector.add(ORDERS_CREATED, 1, (region, "pending", "EUR"))
    collector.flush()
    [line] = listening.lines()
    assert line.value == 1
    assert {tag.split(":")[0] for tag in line.tags} == {"region", "status", "currency"}


def test_env_service_and_version_are_on_every_line(listening: Agent) -> None:
    settings = {"dd_env": "test", "dd_service": "tally", "dd_version": "1.2"}
    url = f"udp://127.0.0.1:{listening.port}"
    with closing(collector_for(dd_dogstatsd_url=url, **settings)) as collector:
        collector.add(HTTP_REQUESTS, 1, REQUEST)
    [line] = listening.lines()
    assert line.tags >= {"env:test", "service:tally", "version:1.2"}


def test_a_unix_socket_is_spoken_to(tmp_path: Path) -> None:
    path = tmp_path / "dsd.socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taking:
        taking.bind(str(path))
        with closing(collector_for(dd_dogstatsd_url=f"unix://{path}")) as collector:
            collector.add(HTTP_REQUESTS, 1, REQUEST)
        assert b"tally.http.requests:1|c" in taking.recv(2**16)


def test_nobody_at_the_port_harms_nobody_and_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with agent() as gone:
        port = gone.port
    with closing(collector_for(dd_agent_host="127.0.0.1", dd_dogstatsd_port=port)) as collector:
        for _ in range(20):
            collector.add(HTTP_REQUESTS, 1, REQUEST)
            collector.flush()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "does not take" in caplog.text


def test_an_agent_that_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "dsd.socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(path))
        with closing(collector_for(dd_dogstatsd_url=f"unix://{path}")) as collector:
            # A socket's buffer is full after a few hundred; a thread, so that a hang is seen.
            thread = Thread(target=send_much, args=(collector,), daemon=True)
            thread.start()
            thread.join(60)
            assert not thread.is_alive()


def send_much(collector: Collector) -> None:
    for _ in range(1000):
        collector.add(HTTP_REQUESTS, 1, REQUEST)
        collector.flush()
