"""The demo from its empty state to its last line."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from orders.engine import database_engine
from orders.settings import DatabaseSettings
from tally_local.clock import Clock
from tally_local.demo import report
from tally_local.demo.api import api_at
from tally_local.demo.ledger import Ledger
from tally_local.demo.orders_file import OrdersFile
from tally_local.demo.week import ONE_DAY, Life, imported_file, shop_week
from tally_local.endpoints import Endpoints
from tally_local.errors import NotReconciledError
from tally_local.runner import Load, reconcile
from tally_local.sales import Key, Sales, differences, last_line, published
from tally_local.stack.services import Ports
from tally_local.stack.stack import running
from tally_local.state import State


@dataclass(frozen=True)
class Options:
    """What a user may choose."""

    orders: Path | None = None
    """A file to import in place of the shop."""
    seed: int = 1
    days: int = 7
    keep: bool = False
    ports: Ports = field(default_factory=Ports)


def run(options: Options, state: State, console: Console) -> None:
    """Run the demo; with `keep` it stays until the user interrupts.

    Raises:
        UserError: The user can put it right; nothing runs any more.
        NotReconciledError: The published figures are not what was ordered.
        KeyboardInterrupt: The user stopped it.
    """
    file = OrdersFile(options.orders) if options.orders else None
    with contextlib.ExitStack() as stack_ends:
        with report.progress(console, 2 * options.days + 1) as tell:
            tell("starting Postgres, BigQuery, the function and the API")
            stack = stack_ends.enter_context(running(state, "demo", options.ports, fresh=True))
            with stack.blamed():
                sales, loads = _lived(stack.endpoints, options, file, tell)
        console.print(report.sales_table(sales), report.receipts_table(loads))
        if options.keep:
            console.print(report.endpoints_table(stack.endpoints))
        # The last line as it is, whatever the width of the terminal.
        console.print(last_line(sales), soft_wrap=True, highlight=False)
        if options.keep:
            stack.watch()


def _lived(
    endpoints: Endpoints, options: Options, file: OrdersFile | None, tell: Callable[[str], None]
) -> tuple[Mapping[Key, Sales], list[Load]]:
    """Live through the days and return what was published, once all of it is proven."""
    settings = DatabaseSettings.model_validate({"database_url": endpoints.postgres})
    with database_engine(settings) as engine, api_at(endpoints.api) as api:
        life = Life(endpoints, Clock(engine), api, tell)
        ledger = _orders(life, options, file)
        tell("reconciling")
        reconcile(endpoints)
        if options.keep:
            life.clock.reset()
    sales = published(endpoints)
    if differing := differences(ledger.sales(), sales):
        raise NotReconciledError(differing)
    return sales, life.loads


def _orders(life: Life, options: Options, file: OrdersFile | None) -> Ledger:
    today = datetime.now(UTC).date()
    if file:
        return imported_file(life, file, today)
    days = [today - ONE_DAY * ago for ago in range(options.days, 0, -1)]
    return shop_week(life, days, options.seed)
