"""The benchmark of the feed, in a run too short to measure anything."""

import os
from pathlib import Path

import pytest
from tests.benchmarks.feed.command import Plan, measure


@pytest.mark.slow
def test_every_client_gets_every_order_once_and_all_take_one_connection(tmp_path: Path) -> None:
    plan = Plan(idle_clients=20, idle_s=0.5, readers=(1, 5), orders_per_s=20, reading_s=1)
    measured = measure(os.environ["TEST_DATABASE_URL"], tmp_path, plan)
    assert (measured.idle.clients, measured.idle.connections) == (20, 1)
    assert [each.clients for each in measured.delivered] == [1, 5]
    for each in measured.delivered:
        assert each.missed == 0
        assert each.orders_per_s > 1
        assert each.events_per_s > each.clients
        assert each.p50_ms <= each.p99_ms
