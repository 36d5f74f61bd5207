"""POST /orders from Python, where wrk is not installed; its last line is JSON, as wrk.lua's.

`python -m tests.benchmarks.orders.load.client URL CONNECTIONS SECONDS BODIES [KEY_PREFIX]`
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from pathlib import Path
from statistics import quantiles

import aiohttp


@dataclass
class _Load:
    url: str
    bodies: list[bytes]
    key_prefix: str | None
    latencies_ms: list[float] = field(default_factory=list)
    refused: int = 0
    broken: int = 0
    numbers: "count[int]" = field(default_factory=count)

    async def post_until_cancelled(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                await self._post(session, next(self.numbers))
            except aiohttp.ClientError:
                self.broken += 1

    async def _post(self, session: aiohttp.ClientSession, number: int) -> None:
        headers = {"Content-Type": "application/json"}
        if self.key_prefix is not None:
            headers["Idempotency-Key"] = f"{self.key_prefix}-{number}"
        body = self.bodies[number % len(self.bodies)]
        began = time.perf_counter()
        async with session.post(self.url, data=body, headers=headers) as answer:
            await answer.read()
            self.refused += answer.status != HTTPStatus.CREATED
        self.latencies_ms.append((time.perf_counter() - began) * 1000)

    def result(self, seconds: float) -> dict[str, float | None]:
        # quantiles() wants two values.
        cuts = quantiles(self.latencies_ms * 2, n=100) if self.latencies_ms else None
        return {
            "seconds": seconds,
            "answers": len(self.latencies_ms),
            "refused": self.refused,
            "broken": self.broken,
            "p50_ms": cuts[49] if cuts else None,
            "p99_ms": cuts[98] if cuts else None,
        }


async def _run(load: _Load, connections: int, seconds: float) -> float:
    began = time.perf_counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        posting = [load.post_until_cancelled(session) for _ in range(connections)]
        tasks = [asyncio.create_task(each) for each in posting]
        await asyncio.wait(tasks, timeout=seconds)
        took = time.perf_counter() - began
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [each for each in results if isinstance(each, Exception)]
    if failures:
        raise ExceptionGroup("the load generator failed", failures)
    return took


def main(url: str, connections: str, seconds: str, bodies: str, *key_prefix: str) -> None:
    """Print one line of JSON: what `measure` of `generator.py` reads."""
    load = _Load(url, Path(bodies).read_bytes().splitlines(), *(key_prefix or [None]))
    took = asyncio.run(_run(load, int(connections), float(seconds)))
    sys.stdout.write(json.dumps(load.result(took)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
