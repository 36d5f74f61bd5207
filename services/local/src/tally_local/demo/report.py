"""What the demo shows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tally_local.endpoints import Endpoints
from tally_local.runner import Load
from tally_local.sales import Key, Sales, amount, totals

_READABLE_ROWS = 40


@contextmanager
def progress(console: Console, steps: int) -> Iterator[Callable[[str], None]]:
    """Yield what announces each of so many steps: by a bar, or by lines without a terminal."""
    if not console.is_terminal:
        yield lambda step: console.print(step, highlight=False)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=steps)
        begun = iter(range(steps + 1))
        yield lambda step: bars.update(task, description=step, completed=next(begun, steps))


def sales_table(sales: Mapping[Key, Sales]) -> Table:
    """Return the published sales: a row a day and currency, or a region when that is too long."""
    by = "day" if len({(key.day, key.currency) for key in sales}) <= _READABLE_ROWS else "region"
    table = Table(title=f"sales_daily, summed by {by} and currency")
    table.add_column(by)
    table.add_column("currency")
    for figure in ("orders", "gross", "refunded", "net"):
        table.add_column(figure, justify="right")
    groups: dict[str, dict[Key, Sales]] = {}
    for key, figures in sorted(sales.items()):
        groups.setdefault(str(getattr(key, by)), {})[key] = figures
    for name, group in groups.items():
        for currency, figures in totals(group).items():
            table.add_row(name, *_row(currency, figures))
    table.add_section()
    for currency, figures in totals(sales).items():
        table.add_row("all", *_row(currency, figures))
    return table


def receipts_table(loads: list[Load]) -> Table:
    """Return the receipt of each load: rows, sum of minor units, sum of digests."""
    table = Table(title="receipts: Postgres, staged rows and ledger agree")
    for column in ("day", "state", "changes"):
        table.add_column(column, no_wrap=True)
    table.add_column("receipt", overflow="fold")
    for load in loads:
        table.add_row(str(load.day), load.state, str(load.row_count), load.receipt)
    return table


def endpoints_table(endpoints: Endpoints) -> Table:
    """Return where everything answers."""
    table = Table(title="running; Ctrl-C stops it", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in asdict(endpoints).items():
        table.add_row(name, value)
    table.add_row("API docs", f"{endpoints.api}/docs")
    return table


def _row(currency: str, figures: Sales) -> tuple[str, ...]:
    money = (figures.gross, figures.refunded, figures.net)
    return (currency, str(figures.orders), *(amount(value, currency) for value in money))
