"""`poe bench orders`: how fast orders are taken, beside the ways in which it is commonly done."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from tests.benchmarks.database import server_settings
from tests.benchmarks.machine import describe, load_average, raise_file_limit
from tests.benchmarks.orders.load.generator import Generator, best_generator
from tests.benchmarks.orders.plan import FULL, METRICS, QUICK, Plan
from tests.benchmarks.orders.race import entrants, run
from tests.benchmarks.orders.report import Report, as_json, as_markdown

from tally_local.postgres import EmbeddedPostgres
from tally_local.stack.signals import interruptible, uninterruptible


def orders(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Under 2 minutes: less, shorter.")] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Only ours, with its metrics on and off.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep all rounds in it, as JSON.")
    ] = None,
) -> None:
    """Compare POST /orders: ours, the common pattern, asyncpg, and FastAPI with no database."""
    raise_file_limit()
    with interruptible(), tempfile.TemporaryDirectory(prefix="tally-bench-") as name:
        server = EmbeddedPostgres(Path(name) / "postgres")
        try:
            server.start()
            plan = METRICS if metrics else QUICK if quick else FULL
            report = compare(plan, server.url(), Path(name), best_generator())
        finally:
            with uninterruptible():
                server.stop()
    if output is not None:
        output.write_text(as_json(report), encoding="utf-8")
    typer.echo(as_markdown(report))
    if not report.holds:
        raise typer.Exit(1)


def compare(plan: Plan, server_url: str, directory: Path, generator: Generator) -> Report:
    """Run the whole comparison on a Postgres server; `directory` is for its files."""
    before = load_average()
    with entrants(server_url, directory, generator, plan.contenders) as entered:
        rounds = list(run(plan, entered, lambda said: typer.echo(said, err=True)))
        row_checks = [check for entrant in entered for check in entrant.finish()]
    return Report(
        machine=describe(directory),
        postgres=server_settings(server_url),
        generator=generator.name,
        plan=plan,
        load_average=(before, load_average()),
        rounds=rounds,
        row_checks=row_checks,
    )
