"""What clients that wait cost the process and the database."""

import asyncio
from typing import NamedTuple

from tests.benchmarks.database import connection_count
from tests.benchmarks.feed.clients import following
from tests.benchmarks.server import Server

_LOOK_S = 0.1


class Idle(NamedTuple):
    """What so many clients added, at most, while they waited."""

    clients: int
    added_mb: float
    connections: int


async def measure_idle(api: Server, database_url: str, clients: int, seconds: float) -> Idle:
    """Let so many clients wait; what the process held before the first one is no part of it."""
    memory, connections = api.memory(), connection_count(database_url)
    async with following(api.url, clients):
        most, most_connections = memory, connections
        for _ in range(max(1, round(seconds / _LOOK_S))):
            await asyncio.sleep(_LOOK_S)
            most = max(most, api.memory())
        most_connections = await asyncio.to_thread(connection_count, database_url)
    return Idle(clients, (most - memory) / 2**20, most_connections - connections)
