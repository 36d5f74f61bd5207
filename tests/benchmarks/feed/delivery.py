"""How soon an order that was created is an event at each client."""

import asyncio
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from statistics import quantiles
from typing import Final, NamedTuple

import aiohttp
from tests.benchmarks.feed.clients import Client, following

ORDER: Final = {"customer_id": 1, "total_cents": 1999, "region": "us-west", "currency": "USD"}
"""One as all of them are."""

_PATIENCE_S: Final = 20
_LOOK_S: Final = 0.05


class Delivered(NamedTuple):
    """What came of the orders; `missed` are events that are not exactly once at each client."""

    clients: int
    orders_per_s: float
    events_per_s: float
    p50_ms: float
    p99_ms: float
    missed: int


async def measure_delivery(url: str, clients: int, rate: float, seconds: float) -> Delivered:
    """Create orders at a steady rate, each sent when it is due though others are not answered."""
    async with following(url, clients) as readers:
        begun = time.perf_counter()
        created = await _create(url, rate, round(rate * seconds))
        took = time.perf_counter() - begun
        await _all_there(readers, len(created))
    seen = [list(reader.arrivals()) for reader in readers]
    events = sum(map(len, seen))
    last = max((at for arrivals in seen for _, at in arrivals), default=begun + took)
    # quantiles() wants two values.
    cuts = quantiles([*_latencies_ms(seen, created)] * 2 or [math.nan] * 2, n=100)
    return Delivered(
        clients=clients,
        orders_per_s=len(created) / took,
        events_per_s=events / (max(last, begun + took) - begun),
        p50_ms=cuts[49],
        p99_ms=cuts[98],
        missed=sum(_missed(arrivals, created) for arrivals in seen),
    )


async def _create(url: str, rate: float, count: int) -> dict[int, float]:
    """Return when each order's 201 was there."""
    created: dict[int, float] = {}

    async def create(session: aiohttp.ClientSession) -> None:
        async with session.post(f"{url}/orders", json=ORDER) as answer:
            at = time.perf_counter()
            order = await answer.json()
            if answer.status != HTTPStatus.CREATED:
                raise RuntimeError(f"an order was refused: {order}")
            created[int(order["id"])] = at

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        begun = time.perf_counter()
        for number in range(count):
            await asyncio.sleep(max(0, begun + number / rate - time.perf_counter()))
            group.create_task(create(session))
    return created


async def _all_there(readers: Iterable[Client], count: int) -> None:
    """Wait until each has so many events, or until it is in vain."""
    for _ in range(round(_PATIENCE_S / _LOOK_S)):
        if all(reader.events >= count for reader in readers):
            return
        await asyncio.sleep(_LOOK_S)


def _latencies_ms(
    seen: Iterable[Iterable[tuple[int, float]]], created: Mapping[int, float]
) -> Iterator[float]:
    for arrivals in seen:
        for order, at in arrivals:
            if order in created:
                yield (at - created[order]) * 1000


def _missed(arrivals: list[tuple[int, float]], created: Mapping[int, float]) -> int:
    """Count what is not there, and what is there twice or was never created."""
    orders = {order for order, _ in arrivals}
    return len(orders ^ created.keys()) + len(arrivals) - len(orders)
