"""`poe bench exports`: what a million orders in and out cost the process, in time and memory."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import httpx
import typer
from tests.benchmarks.database import fresh_database
from tests.benchmarks.machine import load_average
from tests.benchmarks.server import Server

from orders.engine import database_engine
from orders.migrate import upgrade
from orders.settings import DatabaseSettings
from tally_local.postgres import EmbeddedPostgres
from tally_local.stack.signals import interruptible, uninterruptible

MOST_MB: Final = 200
"""What the process may hold, whatever it does."""

_LINE: Final = (
    '{{"customer_id": {n}, "total_cents": {n}, "region": "us-west", "metadata": {{"n": "{n}"}}}}\n'
)
_BATCH: Final = 10_000
_EXPORTS: Final = (
    ("ndjson", "identity"),
    ("ndjson", "gzip"),
    ("csv", "identity"),
    ("csv", "gzip"),
    ("parquet", "identity"),
)


class Measured(NamedTuple):
    """One file in or out; `peak_mb` is the most memory that the process was seen to hold."""

    what: str
    seconds: float
    file_mb: float
    peak_mb: float


def exports(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="100,000 orders.")] = False,
) -> None:
    """Import a million orders, then export them in every format; memory must stay flat."""
    rows = 100_000 if quick else 1_000_000
    with interruptible(), tempfile.TemporaryDirectory(prefix="tally-bench-") as name:
        server = EmbeddedPostgres(Path(name) / "postgres")
        try:
            server.start()
            before = load_average()
            measured = measure(server.url(), Path(name), rows)
        finally:
            with uninterruptible():
                server.stop()
    typer.echo(f"{rows} orders; load average {before}, then {load_average()}\n")
    typer.echo("| | s | orders/s | file MB | peak MB |\n|---|---|---|---|---|")
    for each in measured:
        rate = f"{rows / each.seconds:,.0f}"
        line = f"| {each.what} | {each.seconds:.1f} | {rate} | {each.file_mb:.1f} |"
        typer.echo(f"{line} {each.peak_mb:.0f} |")
    if any(each.peak_mb > MOST_MB for each in measured):
        raise typer.Exit(1)


def measure(server_url: str, directory: Path, rows: int) -> list[Measured]:
    """Run it all on a database of its own; `directory` is for the log."""
    with fresh_database(server_url, "bench_exports") as url:
        with database_engine(DatabaseSettings.model_validate({"database_url": url})) as engine:
            upgrade(engine)
        api = Server("orders_api.main:app", url, directory / "exports.log")
        api.start()
        try:
            api.wait()
            return list(_runs(api, rows))
        finally:
            api.stop()


def _runs(api: Server, rows: int) -> Iterator[Measured]:
    yield _measured(api, "import ndjson", lambda: _import(api.url, rows))
    for form, encoding in _EXPORTS:
        what = f"export {form}" + (" gzip" if encoding == "gzip" else "")
        yield _measured(api, what, lambda f=form, e=encoding: _export(api.url, f, e))  # type: ignore[misc]  # a lambda's defaults have no types


def _measured(api: Server, what: str, run: Callable[[], int]) -> Measured:
    with _peak(api) as most:
        begun = time.perf_counter()
        size = run()
        seconds = time.perf_counter() - begun
    return Measured(what, seconds, size / 2**20, max(most) / 2**20)


@contextmanager
def _peak(api: Server) -> Iterator[list[int]]:
    """Yield what is filled with the process's memory, 20 times a second."""
    seen, over = [api.memory()], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen.append(api.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _import(url: str, rows: int) -> int:
    size = 0

    def body() -> Iterator[bytes]:
        nonlocal size
        for first in range(1, rows + 1, _BATCH):
            lines = [_LINE.format(n=n) for n in range(first, min(first + _BATCH, rows + 1))]
            batch = "".join(lines).encode()
            size += len(batch)
            yield batch

    headers = {"Content-Type": "application/x-ndjson"}
    answer = httpx.post(f"{url}/orders:import", content=body(), headers=headers, timeout=600)
    if answer.json().get("imported") != rows:
        raise RuntimeError(f"the import failed: {answer.text[:500]}")
    return size


def _export(url: str, form: str, encoding: str) -> int:
    headers = {"Accept-Encoding": encoding}
    path = f"{url}/orders:export?format={form}"
    with httpx.stream("GET", path, headers=headers, timeout=600) as answer:
        answer.raise_for_status()
        return sum(len(piece) for piece in answer.iter_raw(2**18))
