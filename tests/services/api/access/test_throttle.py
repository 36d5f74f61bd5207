"""Counting in fixed windows, in memory and in a Redis that is away."""

import logging
import socket
from collections.abc import Iterator

import pytest

from orders_api.services.access.throttle import Decision, Limiter, network

pytestmark = pytest.mark.anyio
# So long that no test sees the end of two of its windows.
RATE = "3/day"


async def test_it_is_allowed_so_many_times_and_then_not() -> None:
    limiter = Limiter("memory://")
    found = [await limiter.hit("x", RATE, "a") for _ in range(5)]
    assert [d.allowed for d in found] == [True, True, True, False, False]
    assert [d.remaining for d in found] == [2, 1, 0, 0, 0]
    assert {(d.limit, d.period_s) for d in found} == {(3, 86_400)}
    assert all(0 < d.reset_s <= 86_400 for d in found)


async def test_each_limit_and_each_caller_has_a_count_of_its_own() -> None:
    limiter = Limiter("memory://")
    for name, who in (("x", ("a",)), ("y", ("a",)), ("x", ("b",)), ("x", ("a", "b"))):
        assert (await limiter.hit(name, RATE, *who)).remaining == 2


async def test_a_count_can_be_taken_back() -> None:
    limiter = Limiter("memory://")
    for _ in range(10):
        decision = await limiter.hit("x", RATE, "a")
        assert decision.remaining == 2
        await limiter.take_back(decision)


async def test_a_count_of_a_window_that_is_over_is_taken_back_from_no_other() -> None:
    limiter = Limiter("memory://")
    old = await limiter.hit("x", "1 per 1 second", "a")
    while (new := await limiter.hit("x", "1 per 1 second", "a")).key == old.key:
        pass
    await limiter.take_back(old)
    assert limiter._counts[new.key] == 1


async def test_the_next_window_begins_anew() -> None:
    limiter = Limiter("memory://")
    first: Decision = await limiter.hit("x", "1 per 1 second", "a")
    while not (await limiter.hit("x", "1 per 1 second", "a")).allowed:
        assert first.reset_s == 1
    assert first.allowed


async def test_memory_is_bounded_and_whoever_comes_again_and_again_is_not_forgotten() -> None:
    limiter = Limiter("memory://")
    for stranger in range(150_000):
        if stranger % 50_000 == 0:
            last = await limiter.hit("x", RATE, "a")
        await limiter.hit("x", RATE, str(stranger))
    assert last.remaining == 0
    assert len(limiter._counts) == 100_000


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    return "redis://127.0.0.1:1"


@pytest.mark.parametrize("which", ["silent", "closed"])
async def test_while_redis_is_away_it_counts_in_memory_and_says_so_now_and_then(
    request: pytest.FixtureRequest, which: str, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = Limiter(request.getfixturevalue(which))
    with caplog.at_level(logging.WARNING):
        found = [(await limiter.hit("x", RATE, "a")).allowed for _ in range(5)]
    assert found == [True, True, True, False, False]
    said = [record for record in caplog.records if "Redis is away" in record.message]
    assert 0 < len(said) < 5


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
async def test_an_ipv6_customer_is_its_network(address: str, counted: str) -> None:
    assert network(address) == counted
