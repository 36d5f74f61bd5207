"""While one handler sleeps: whether the event loop answers others, in the order of events."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import httpx
import pytest

from orders_api.settings import Settings

GENTLE = ("/demo/async-sleep", "/demo/threadpool")
ALL = ("/demo/blocking", *GENTLE)
SECONDS = 2

Span = tuple[datetime, datetime]


def once_in_ten(shows: Callable[[], bool]) -> bool:
    """Whether it is seen at all: all of a machine may stand still for as long as one sleeps."""
    return any(shows() for _ in range(10))


def answered_meanwhile(api: httpx.Client, path: str) -> tuple[int, int]:
    """Ask /health/live again and again while a demo runs.

    Returns:
        How often it was both asked and answered while the handler slept, and how often it was
        asked before the handler awoke and answered after it.
    """
    lives: list[Span] = []
    with (
        ThreadPoolExecutor(1) as thread,
        # A connection of its own, which is there before the handler sleeps.
        httpx.Client(base_url=api.base_url, timeout=60) as other,
    ):
        other.get("/health/live").raise_for_status()
        demo = thread.submit(api.get, path, params={"seconds": SECONDS})
        while not demo.done():
            asked = datetime.now(UTC)
            other.get("/health/live").raise_for_status()
            lives.append((asked, datetime.now(UTC)))
    slept = demo.result().raise_for_status().json()
    began, ended = (datetime.fromisoformat(slept[name]) for name in ("began_at", "ended_at"))
    within = sum(began < asked and answered < ended for asked, answered in lives)
    across = sum(asked < ended < answered for asked, answered in lives)
    return within, across


def test_while_a_handler_blocks_the_loop_nobody_is_answered(api: httpx.Client) -> None:
    def somebody_asked() -> bool:
        within, across = answered_meanwhile(api, "/demo/blocking")
        assert within == 0
        return across == 1

    assert once_in_ten(somebody_asked)


@pytest.mark.parametrize("path", GENTLE)
def test_while_a_handler_awaits_or_is_in_a_thread_others_are_answered(
    api: httpx.Client, path: str
) -> None:
    assert once_in_ten(lambda: answered_meanwhile(api, path)[0] > 1)


def slept(api: httpx.Client, path: str, seconds: float) -> dict[str, Any]:
    response = api.get(path, params={"seconds": seconds})
    body: dict[str, Any] = response.raise_for_status().json()
    return body


def test_the_answer_says_how_often_the_loop_did_something_else(api: httpx.Client) -> None:
    assert slept(api, "/demo/blocking", 0.5)["loop_turns"] == 0
    assert once_in_ten(lambda: all(slept(api, path, 0.5)["loop_turns"] > 0 for path in GENTLE))


def test_the_answer_says_which_thread_slept(api: httpx.Client) -> None:
    loop = slept(api, "/demo/async-sleep", 0)["thread"]
    assert slept(api, "/demo/blocking", 0)["thread"] == loop
    assert slept(api, "/demo/threadpool", 0)["thread"] == "AnyIO worker thread" != loop


@pytest.mark.parametrize("path", ALL)
def test_a_handler_sleeps_as_long_as_it_is_told(api: httpx.Client, path: str) -> None:
    asked = perf_counter()
    slept(api, path, 0.25)
    assert perf_counter() - asked > 0.24


@pytest.mark.parametrize("path", ALL)
def test_a_demo_may_take_longer_than_other_requests(shared_url: str, serve: Any, path: str) -> None:
    settings = Settings.model_validate({"database_url": shared_url, "request_timeout_s": 0.5})
    with serve(settings) as client:
        # If it might not, it never did.
        assert once_in_ten(lambda: client.get(path, params={"seconds": 1.2}).status_code == 200)
