"""What clients cost that are behind and take nothing."""

import asyncio
import gc
from typing import Any

from sqlalchemy import Engine, text

from orders.engine import database_connect, pooled_engine
from orders_api.clients.database import Database
from orders_api.services.feed.events import Batch, Event, Wanted
from orders_api.services.feed.feed import Feed, open_feed
from orders_api.services.feed.subscription import End
from tally_testing.waiting import come_true

CLIENTS = 20
EVENTS = 100
# Other tests of the process may have left theirs.
MARK = "the memory's"
# Of 0.9 MB that each of them is behind.
MOST = CLIENTS * 50_000
WRITE = text("""
    INSERT INTO orders (customer_id, total_cents, currency, region, status, changed_by, metadata)
    SELECT 1, 1, 'USD', 'eu', 'pending', :mark, (SELECT jsonb_object_agg(
        'k' || k, repeat('x', 400)) FROM generate_series(1, 20) AS k)
    FROM generate_series(1, :count)""")


def held() -> int:
    """Return how much of this test's events there is in memory, as text."""
    gc.collect()
    # By type: `isinstance` asks the object, and a weak proxy whose object is gone raises.
    events = [found for found in gc.get_objects() if type(found) is Event]
    return sum(len(event.data) for event in events if MARK in event.data)


class Client:
    """Takes nothing until it is let."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.seen: list[int] = []
        self.stuck = asyncio.Event()
        self.let = asyncio.Event()
        self.leave = asyncio.Event()

    async def write(self, batch: Batch) -> None:
        if batch.events:
            self.stuck.set()
            await self.let.wait()
        self.seen += [event.id for event in batch.events]

    async def follow(self) -> None:
        client = await self.feed.admit(Wanted(), 0, "")
        with self.feed.joined(client):
            deliver = asyncio.create_task(client.deliver(self.write))
            await self.leave.wait()
            client.end(End.LEFT)
            await deliver


async def follow(feed: Feed) -> None:
    clients = [Client(feed) for _ in range(CLIENTS)]
    async with asyncio.timeout(200), asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.follow())
        for client in clients:
            await client.stuck.wait()
        # A thread may have read what it has not let go of yet.
        await come_true(lambda: 0 < held() < MOST)
        for client in clients:
            client.let.set()
        await come_true(lambda: all(len(client.seen) == EVENTS for client in clients))
        # What was sent is kept by nobody, while the next is waited for.
        await come_true(lambda: held() == 0)
        for client in clients:
            client.leave.set()
    for client in clients:
        assert client.seen == list(range(1, EVENTS + 1))


def test_a_client_that_is_behind_keeps_what_is_sent_next_and_not_a_page(
    engine: Engine, settings: Any
) -> None:
    with engine.begin() as connection:
        connection.execute(WRITE, {"count": EVENTS, "mark": MARK})
    chosen = settings(events_stall_s=600, events_heartbeat_s=600)

    async def served() -> None:
        async with open_feed(connect, Database(pool), chosen) as feed:
            await follow(feed)

    with database_connect(chosen) as connect, pooled_engine(connect, chosen) as pool:
        asyncio.run(served())
