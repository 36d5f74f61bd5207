"""Every change exactly once, whatever writers, connections and instances do."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine

from tally_testing.feed import Follow, Sent, logged, place, socket, sse
from tally_testing.serving import serving


async def resume_again_and_again(
    follow: Follow, urls: Sequence[str], seed: int, resumed: asyncio.Semaphore, stop: asyncio.Event
) -> list[Sent]:
    """Read a little, drop the connection, go on elsewhere; at last read to the end."""
    random = Random(seed)
    seen: list[Sent] = []
    last = 0
    while True:
        async with follow(random.choice(urls), last) as stream:
            left = random.randint(1, 6)
            async for sent in stream:
                if sent.id is not None:
                    last = sent.id
                if sent.event is not None:
                    seen.append(sent)
                    left -= 1
                if stop.is_set() and sent.event == "order.created" and sent.data["region"] == "end":
                    return seen
                if left <= 0 and not stop.is_set():
                    break
        resumed.release()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("resumptions", [20, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("window", [10_000, 7], ids=["in memory", "mostly from the database"])
def test_clients_that_drop_and_resume_see_every_change_once(
    engine: Engine,
    database_url: str,
    insert: Any,
    writing: Any,
    settings: Any,
    window: int,
    resumptions: int,
) -> None:
    chosen = settings(events_window=window)

    async def follow_all(urls: Sequence[str]) -> list[list[Sent]]:
        resumed, stop = asyncio.Semaphore(0), asyncio.Event()
        clients = [
            asyncio.create_task(resume_again_and_again(kind, urls, seed, resumed, stop))
            for seed, kind in enumerate([sse, socket])
        ]
        with writing(database_url, seed=window):
            async with asyncio.timeout(500):
                for _ in range(resumptions * len(clients)):
                    await resumed.acquire()
        stop.set()
        insert(region="end")
        return await asyncio.gather(*clients)

    with serving(chosen) as one, serving(chosen) as other:
        found = asyncio.run(follow_all([str(one.base_url), str(other.base_url)]))
    expected = logged(engine)
    for seen in found:
        assert [place(sent) for sent in seen] == expected
        assert [sent.id for sent in seen] == [change_id for change_id, _, _ in expected]
