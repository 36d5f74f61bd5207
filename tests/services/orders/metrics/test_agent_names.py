"""An agent whose name is not known, or known late; the test answers for the resolver."""

import socket
from collections.abc import Callable
from contextlib import closing
from threading import Event, Thread
from typing import Any

import pytest

from orders.metrics.catalog import ORDERS_CREATED
from orders.metrics.collector import Collector
from orders.metrics.datadog import DatadogBackend
from orders.metrics.settings import MetricsSettings
from tally_testing.metrics import agent

NAME = "agent.example"
TAG_SETS = 500
"""Dozens of datagrams."""
PATIENCE_S = 120.0
SELDOM_S = 3600.0

Answers = list[tuple[Any, ...]]


class Resolver:
    """Knows one name; counts who asks.

    Args:
        answer: Makes its answer.
    """

    def __init__(self, answer: Callable[[Any], Answers]) -> None:
        self._answer = answer
        self.asked = 0

    def __call__(self, host: str, port: int, *_more: object) -> Answers:
        assert host == NAME
        self.asked += 1
        return self._answer(port)


def unknown(_port: int) -> Answers:
    raise socket.gaierror(socket.EAI_NONAME, "not known")


def backend(port: int = 8125, connect_every_s: float = SELDOM_S) -> DatadogBackend:
    settings = MetricsSettings(dd_agent_host=NAME, dd_dogstatsd_port=port)
    return DatadogBackend(settings, connect_every_s)


def measure(collector: Collector) -> None:
    for number in range(TAG_SETS):
        collector.add(ORDERS_CREATED, 1, (str(number), "pending", "EUR"))


def test_a_name_that_is_not_known_is_asked_for_once_in_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    resolver = Resolver(unknown)
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with closing(Collector([backend()], SELDOM_S, PATIENCE_S)) as collector:
        for _ in range(3):
            measure(collector)
            collector.flush()
    assert resolver.asked == 1
    assert caplog.messages == ["the Datadog agent does not take all metrics; they are lost"]


def test_a_name_that_becomes_known_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def known(port: int) -> Answers:
        return [(socket.AF_INET, socket.SOCK_DGRAM, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", Resolver(unknown))
    with agent() as listening:
        named = backend(listening.port, connect_every_s=0)
        with closing(Collector([named], SELDOM_S, PATIENCE_S)) as collector:
            measure(collector)
            collector.flush()
            assert listening.lines() == []
            resolver = Resolver(known)
            monkeypatch.setattr(socket, "getaddrinfo", resolver)
            for _ in range(2):
                measure(collector)
                collector.flush()
        assert listening.total("tally.orders.created") == 2 * TAG_SETS
        assert resolver.asked == 1


def test_nobody_waits_until_a_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, may_answer = Event(), Event()

    def late(port: int) -> Answers:
        asked.set()
        assert may_answer.wait(PATIENCE_S)
        return unknown(port)

    monkeypatch.setattr(socket, "getaddrinfo", Resolver(late))
    collector = Collector([backend()], SELDOM_S)

    def work() -> None:
        measure(collector)
        collector.flush()
        collector.close()

    worker = Thread(target=work, daemon=True)
    worker.start()
    assert asked.wait(PATIENCE_S)
    worker.join(PATIENCE_S)
    left = not worker.is_alive()
    may_answer.set()
    assert left
    collector._thread.join(PATIENCE_S)
