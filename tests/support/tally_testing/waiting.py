"""Waiting for a server that a test has started."""

import asyncio
import time
from collections.abc import Callable

import httpx


def wait_for(url: str, patience_s: float = 30) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"{url} did not answer"
            time.sleep(0.05)
        else:
            return


def wait_for_analyzer(url: str, patience_s: float = 180) -> None:
    """Wait until a BigQuery endpoint can take statements.

    Once on a machine its analyzer is compiled, which takes long where all else starts as well.
    """
    wait_for(url)
    deadline = time.monotonic() + patience_s
    while (state := httpx.get(url, timeout=30).json()["analyzer"]) == "loading":
        assert time.monotonic() < deadline, "the analyzer did not load"
        time.sleep(0.1)
    assert state == "ready"


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = 120) -> None:
    """Wait until the condition holds; `what` names it for the message if it never does."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"in vain waited until {what}"
        time.sleep(0.01)


async def come_true(condition: Callable[[], bool], patience_s: float = 120) -> None:
    """Wait until the condition holds, and let the event loop of the test go on meanwhile."""
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.001)
