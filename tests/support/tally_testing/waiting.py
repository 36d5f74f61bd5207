"""Waiting for a server that a test has started."""

import time

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
