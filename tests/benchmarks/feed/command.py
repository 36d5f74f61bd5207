"""`poe bench feed`: what clients of the live feed cost, and how soon they know of an order."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import httpx
import typer
from tests.benchmarks.database import fresh_database
from tests.benchmarks.feed.delivery import ORDER, Delivered, measure_delivery
from tests.benchmarks.feed.idle import Idle, measure_idle
from tests.benchmarks.machine import load_average, raise_file_limit
from tests.benchmarks.server import Server

from orders.engine import database_engine
from orders.migrate import upgrade
from orders.settings import DatabaseSettings
from tally_local.postgres import EmbeddedPostgres
from tally_local.stack.signals import interruptible, uninterruptible

MOST_MB: Final = 50
"""What 1,000 clients that wait may add to the process."""
MOST_CONNECTIONS: Final = 1
"""What they may take of the database."""

_WARM_UP: Final = 300
_AT_ONCE: Final = 16


class Plan(NamedTuple):
    """What is measured: so many clients, for so many seconds."""

    idle_clients: int
    idle_s: float
    readers: Sequence[int]
    orders_per_s: float
    reading_s: float


# The full one waits for longer than a heartbeat takes.
_FULL: Final = Plan(1_000, 20, (1, 10, 100), 100, 20)
_QUICK: Final = Plan(1_000, 3, (1, 10, 100), 100, 4)


class Measured(NamedTuple):
    """What came of a plan."""

    idle: Idle
    delivered: Sequence[Delivered]

    @property
    def holds(self) -> bool:
        """Tell whether waiting costs no more than it may, and nobody has missed an event."""
        return (
            self.idle.added_mb < MOST_MB
            and self.idle.connections <= MOST_CONNECTIONS
            and not any(each.missed for each in self.delivered)
        )


def feed(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute: shorter.")] = False,
) -> None:
    """Let 1,000 clients of the feed wait, then create orders while 1, 10 and 100 read."""
    raise_file_limit()
    with interruptible(), tempfile.TemporaryDirectory(prefix="tally-bench-") as name:
        server = EmbeddedPostgres(Path(name) / "postgres")
        try:
            server.start()
            before = load_average()
            measured = measure(server.url(), Path(name), _QUICK if quick else _FULL)
        finally:
            with uninterruptible():
                server.stop()
    typer.echo(f"load average {before}, then {load_average()}\n\n{_as_markdown(measured)}")
    if not measured.holds:
        raise typer.Exit(1)


def measure(server_url: str, directory: Path, plan: Plan) -> Measured:
    """Run it all on a database of its own; `directory` is for the logs."""
    with fresh_database(server_url, "bench_feed") as url:
        with database_engine(DatabaseSettings.model_validate({"database_url": url})) as engine:
            upgrade(engine)
        with _served(url, directory / "idle.log") as api:
            idle = asyncio.run(measure_idle(api, url, plan.idle_clients, plan.idle_s))
        with _served(url, directory / "reading.log") as api:
            runs = [(api.url, n, plan.orders_per_s, plan.reading_s) for n in plan.readers]
            delivered = [asyncio.run(measure_delivery(*run)) for run in runs]
    return Measured(idle, delivered)


@contextmanager
def _served(url: str, log: Path) -> Iterator[Server]:
    """Yield the API as it is deployed, warm."""
    api = Server("orders_api", url, log)
    api.start()
    try:
        api.wait()
        _warm_up(api.url)
        yield api
    finally:
        api.stop()


def _warm_up(url: str) -> None:
    """Ask for so much at once that the pool's connections are open: they are no client's cost."""

    def ask(_: int) -> None:
        client.post("/orders", json=ORDER).raise_for_status()
        client.get("/orders").raise_for_status()

    with httpx.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(ask, range(_WARM_UP)))


def _as_markdown(measured: Measured) -> str:
    idle = measured.idle
    lines = [
        "| idle clients | added MB | Postgres connections |\n| ---: | ---: | ---: |",
        f"| {idle.clients} | {idle.added_mb:.1f} | {idle.connections} |\n",
        "| clients | orders/s | events/s | p50 ms | p99 ms | missed |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in measured.delivered:
        rates = f"| {each.clients} | {each.orders_per_s:.0f} | {each.events_per_s:,.0f} |"
        lines.append(f"{rates} {each.p50_ms:.1f} | {each.p99_ms:.1f} | {each.missed} |")
    return "\n".join(lines)
