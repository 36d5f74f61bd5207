"""The API as a process: its sockets, and what agents and Prometheus get of it."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tally_local.ports import free_port
from tally_testing.api_process import ApiProcess, api_process
from tally_testing.metrics import Agent, agent
from tally_testing.waiting import wait_until

ORDER = {"customer_id": 1, "total_cents": 1999, "region": "eu"}


@pytest.fixture
def listening() -> Iterator[Agent]:
    with agent() as listening:
        yield listening


def datagram_sockets(api: ApiProcess) -> list[object]:
    found = psutil.Process(api.process.pid).net_connections(kind="all")
    return [one for one in found if one.type == socket.SOCK_DGRAM]


def listening_ports(api: ApiProcess) -> set[int]:
    found = psutil.Process(api.process.pid).net_connections(kind="tcp")
    return {one.laddr.port for one in found if one.status == psutil.CONN_LISTEN}


def take_orders(api: ApiProcess, count: int) -> None:
    with httpx.Client(base_url=api.url, timeout=60) as client:
        for _ in range(count):
            assert client.post("/orders", json=ORDER).status_code == 201


def test_off_there_is_no_socket_and_no_thread(database_url: str, tmp_path: Path) -> None:
    with api_process(database_url, tmp_path, dd_metrics_enabled="") as api:
        take_orders(api, 20)
        assert datagram_sockets(api) == []
        assert listening_ports(api) == {api.port}


def test_an_agent_and_prometheus_get_the_same(
    database_url: str, tmp_path: Path, listening: Agent
) -> None:
    port = free_port()
    on: dict[str, Any] = {
        "dd_metrics_enabled": "true",
        "prometheus_port": port,
        "dd_agent_host": "127.0.0.1",
    }
    with api_process(database_url, tmp_path, dd_dogstatsd_port=listening.port, **on) as api:
        assert len(datagram_sockets(api)) <= 1
        take_orders(api, 50)
        tags = ("region:eu", "status:pending", "currency:USD")
        wait_until(lambda: listening.total("tally.orders.created", *tags) == 50, "all are counted")
        path = ("method:POST", "status:201", "path:/orders")
        wait_until(lambda: listening.total("tally.http.requests", *path) == 50, "all are counted")
        assert listening.total("tally.http.request.duration_ms", *path) == 50
        assert listening.total("tally.orders.total_cents", *tags) == 50
        assert {line.name for line in listening.lines() if line.kind == "g"} == {
            "tally.writer.queue_depth",
            "tally.pool.in_use",
            "tally.pool.size",
        }
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'tally_orders_created_total{currency="USD",region="eu",status="pending"} 50.0' in text
    assert 'tally_http_requests_total{method="POST",path="/orders",status="201"} 50.0' in text


def test_the_last_figures_are_sent_when_it_ends(
    database_url: str, tmp_path: Path, listening: Agent
) -> None:
    url = f"udp://127.0.0.1:{listening.port}"
    with api_process(
        database_url, tmp_path, dd_metrics_enabled="true", dd_dogstatsd_url=url
    ) as api:
        take_orders(api, 5)
        api.process.terminate()
        api.process.wait(60)
    assert listening.total("tally.orders.created") == 5


def test_without_its_agent_it_works_as_ever(database_url: str, tmp_path: Path) -> None:
    with agent() as gone:
        port = gone.port
    on: dict[str, Any] = {
        "dd_metrics_enabled": "true",
        "dd_agent_host": "127.0.0.1",
        "dd_dogstatsd_port": port,
    }
    with api_process(database_url, tmp_path, **on) as api:
        take_orders(api, 5)
        said = "does not take all metrics"
        wait_until(lambda: any(said in line["message"] for line in api.lines()), "it is said")
        take_orders(api, 50)
        assert httpx.get(f"{api.url}/health/ready").status_code == 200
