"""Counting for all instances together, in a real Redis that comes and goes."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from orders_api.services.access.throttle import Limiter
from orders_api.settings import Settings
from tally_local.ports import free_port, in_use
from tally_testing.serving import serving
from tally_testing.waiting import wait_until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="there is no redis-server"),
]
RATE = "3/day"


class Redis:
    """A Redis that keeps nothing on disk."""

    def __init__(self, directory: Path) -> None:
        self._port = free_port()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}"

    def start(self) -> None:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        command = ["redis-server", *options, "--appendonly", "no"]
        self._process = subprocess.Popen(
            command, cwd=self._directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: in_use(self._port), "Redis listens")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    redis = Redis(tmp_path)
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture
async def limiters(redis: Redis) -> AsyncIterator[tuple[Limiter, Limiter]]:
    """Those of two instances."""
    one, other = Limiter(redis.url), Limiter(redis.url)
    yield one, other
    await one.close()
    await other.close()


async def test_instances_count_together(limiters: tuple[Limiter, Limiter]) -> None:
    one, other = limiters
    found = [await limiter.hit("x", RATE, "a") for limiter in (one, other, one, other)]
    assert [decision.remaining for decision in found] == [2, 1, 0, 0]
    assert [decision.allowed for decision in found] == [True, True, True, False]
    for decision in found[2:]:
        await one.take_back(decision)
    assert (await other.hit("x", RATE, "a")).remaining == 0
    assert (await one.hit("x", RATE, "b")).remaining == 2


async def test_while_redis_is_away_each_counts_alone_and_then_together_again(
    redis: Redis, limiters: tuple[Limiter, Limiter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders_api.services.access.throttle._COOL_DOWN_S", 0)
    one, other = limiters
    assert (await one.hit("x", RATE, "a")).remaining == 2
    redis.stop()
    alone = await one.hit("x", RATE, "a")
    assert [alone.remaining, (await other.hit("x", RATE, "a")).remaining] == [2, 2]
    redis.start()
    assert not alone.shared
    await one.take_back(alone)
    assert [(await limiter.hit("x", RATE, "a")).remaining for limiter in (one, other)] == [2, 1]


def test_callers_of_two_instances_share_what_they_may(redis: Redis, database_url: str) -> None:
    environment = {"DATABASE_URL": database_url, "RATE_LIMIT": "3/day"}
    settings = Settings.from_environment(environment | {"RATE_LIMIT_STORAGE": redis.url})
    with serving(settings) as one, serving(settings) as other:
        clients: list[httpx.Client] = [one, other, one, other]
        codes = [client.get("/auth/me").status_code for client in clients]
    assert codes == [200, 200, 200, 429]
