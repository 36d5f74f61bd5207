"""Orders are counted when they are committed, once each."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from uuid import uuid4

import httpx
import pytest
from anyio.to_thread import run_sync

from orders.engine import database_connect
from orders.metrics.catalog import (
    ORDER_TOTAL_CENTS,
    ORDERS_CREATED,
    POOL_IN_USE,
    POOL_SIZE,
    WRITER_BATCH_SIZE,
    WRITER_QUEUE_DEPTH,
)
from orders_api.clients.group_commit import Batch
from orders_api.clients.transactions import Session
from orders_api.metrics.bounded import Bounded
from orders_api.metrics.orders import OrderMetrics
from orders_api.services import order_creation
from orders_api.services.order_creation import NewOrderRequest
from orders_api.settings import Settings
from tally_testing.metrics import RecordingMetrics
from tally_testing.serving import serving
from tally_testing.writing import request, writing

ORDER = {"customer_id": 1, "total_cents": 1999, "region": "eu", "currency": "EUR"}
TAGS = ("eu", "pending", "EUR")


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings.model_validate({"database_url": database_url, "rate_limit": "100000/minute"})


@pytest.fixture
def metrics() -> RecordingMetrics:
    return RecordingMetrics()


@pytest.fixture
def client(settings: Settings, metrics: RecordingMetrics) -> Iterator[httpx.Client]:
    with serving(settings, metrics) as client:
        yield client


def created(metrics: RecordingMetrics) -> dict[tuple[str, ...], float]:
    return {tags: n for (what, tags), n in metrics.added.items() if what is ORDERS_CREATED}


def test_an_order_is_counted_with_its_total(settings: Settings, metrics: RecordingMetrics) -> None:
    with serving(settings, metrics) as client:
        client.post("/orders", json=ORDER).raise_for_status()
        client.post("/v1/orders", json=ORDER | {"status": "paid"}).raise_for_status()
    assert created(metrics) == {TAGS: 1, ("eu", "paid", "EUR"): 1}
    assert metrics.values[ORDER_TOTAL_CENTS, TAGS] == [1999]


def test_an_answer_that_is_repeated_counts_no_order(
    settings: Settings, metrics: RecordingMetrics
) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    with serving(settings, metrics) as client:
        for _ in range(3):
            client.post("/orders", json=ORDER, headers=headers).raise_for_status()
    assert created(metrics) == {TAGS: 1}


def test_an_order_that_is_refused_is_not_counted(
    settings: Settings, metrics: RecordingMetrics
) -> None:
    with serving(settings, metrics) as client:
        assert client.post("/orders", json=ORDER | {"currency": "XQQ"}).status_code == 422
    assert created(metrics) == {}


@pytest.mark.anyio
async def test_an_order_whose_caller_is_gone_is_counted(settings: Settings) -> None:
    metrics = RecordingMetrics()
    observe = OrderMetrics(metrics).count_created
    begun, seen = threading.Event(), asyncio.Event()

    def count(batch: Batch) -> None:
        observe(batch)
        seen.set()

    def write(session: Session, requests: Sequence[NewOrderRequest]) -> Sequence[object]:
        begun.set()
        return order_creation.write(session, requests)

    with database_connect(settings) as connect:
        async with writing(connect, observe=count, write=write) as orders:
            waiting = asyncio.create_task(orders.submit(request(1, region="eu")))
            assert await run_sync(begun.wait, 60)
            waiting.cancel()
            await asyncio.wait([waiting])
            await asyncio.wait_for(seen.wait(), 60)
    assert sum(created(metrics).values()) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_an_import_is_counted_by_groups(
    client: httpx.Client, metrics: RecordingMetrics, times: int
) -> None:
    rows = [ORDER | {"total_cents": cents} for cents in range(100)]
    rows += [ORDER | {"region": "us", "currency": "USD"}]
    body = "\n".join(json.dumps(row) for row in rows)
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "the same"}
    for _ in range(times):
        client.post("/orders:import", content=body, headers=headers).raise_for_status()
    assert created(metrics) == {TAGS: 100, ("us", "pending", "USD"): 1}
    sample = metrics.samples[ORDER_TOTAL_CENTS, TAGS]
    assert (sample.count, sample.total) == (100, sum(range(100)))


def test_an_import_that_is_refused_counts_nothing(
    client: httpx.Client, metrics: RecordingMetrics
) -> None:
    body = json.dumps(ORDER) + "\n{}\n"
    headers = {"Content-Type": "application/x-ndjson"}
    answer = client.post("/orders:import", content=body, headers=headers)
    assert answer.status_code == 422
    assert created(metrics) == {}


def test_batches_queues_and_the_pool_are_seen(
    settings: Settings, metrics: RecordingMetrics
) -> None:
    with serving(settings, metrics) as client:
        client.post("/orders", json=ORDER).raise_for_status()
        gauges = {key: read() for key, read in metrics.gauges.items()}
    assert gauges == {
        (WRITER_QUEUE_DEPTH, ("create",)): 0,
        (WRITER_QUEUE_DEPTH, ("move",)): 0,
        (POOL_IN_USE, ()): 0,
        (POOL_SIZE, ()): settings.db_pool_size,
    }
    assert metrics.values[WRITER_BATCH_SIZE, ("create",)] == [1]


def test_regions_beyond_the_first_are_other() -> None:
    bounded = Bounded(2)
    assert [bounded(region) for region in "abcab"] == ["a", "b", "other", "a", "b"]
