"""Clients that stop reading for a minute, with the limits that the service has by default."""

import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from tally_testing.api_process import ApiProcess, api_process
from tally_testing.feed import changes, following
from tally_testing.raw_socket import CLOSE, deaf_socket, frames

pytestmark = pytest.mark.slow

MEBIBYTE = 2**20
MINUTE_S = 60.0
KIND = 5
WRITE = text("""
    INSERT INTO orders (customer_id, total_cents, metadata)
    SELECT 1, 1, (SELECT jsonb_object_agg('k' || k, repeat('x', 400))
                  FROM generate_series(1, 40) AS k)
    FROM generate_series(1, 100)""")


def write_for_a_minute(api: ApiProcess, engine: Engine, client: httpx.Client) -> list[int]:
    """Return the memory of the process after each hundred changes that a client has read."""
    found = []
    with following(client) as reading:
        end = time.monotonic() + MINUTE_S
        while time.monotonic() < end:
            with engine.begin() as connection:
                connection.execute(WRITE)
            assert len(changes(reading, 100)) == 100
            found.append(api.memory())
    return found


def test_those_that_stop_reading_are_dropped_and_memory_stays_flat(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    with (
        # What the test writes notifies nobody.
        api_process(database_url, tmp_path, events_poll_s=0.2) as api,
        httpx.Client(base_url=api.url, timeout=60) as client,
        ExitStack() as stack,
    ):
        plain = {"accept-encoding": "identity"}
        streams = [
            stack.enter_context(client.stream("GET", "/orders/events", headers=plain))
            for _ in range(KIND)
        ]
        sockets = [stack.enter_context(deaf_socket(api.port)) for _ in range(KIND)]
        found = write_for_a_minute(api, engine, client)
        slow = "dropped a client of the feed: it did not take what was sent"
        assert api.log.read_text().count(slow) == 2 * KIND
        third = len(found) // 3
        # Far more than the window was written meanwhile: 1.7 MB each time.
        assert third > 10
        assert max(found[-third:]) - max(found[:third]) < 16 * MEBIBYTE
        assert max(found) - min(found) < 96 * MEBIBYTE
        for sock in sockets:
            assert frames(sock)[-1] == (CLOSE, (4408).to_bytes(2, "big") + b"slow")
        for stream in streams:
            assert stream.read().endswith(b'event: dropped\ndata: {"reason":"slow"}\n\n')
