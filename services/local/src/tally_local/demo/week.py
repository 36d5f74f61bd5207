"""What happens in the demo, day by day."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from tally_local.clock import Clock
from tally_local.demo.api import Api
from tally_local.demo.ledger import Ledger
from tally_local.demo.orders_file import OrdersFile
from tally_local.demo.shop import Shop
from tally_local.endpoints import Endpoints
from tally_local.runner import Load, Mode, load_day

ONE_DAY = timedelta(days=1)
_OPENING_HOURS = (9, 12, 15, 18, 21)
_LAST_HOUR = 18
"""When the last day is loaded as it stands."""
_ORDERS_AN_HOUR = 12
_NIGHT_ORDERS = 3
_MARKET_ORDERS = 40
_MARKET_EVERY = 3
_DELETIONS_A_DAY = 2


@dataclass
class Life:
    """A stack's life under a moved clock; collects the loads that were published."""

    endpoints: Endpoints
    clock: Clock
    api: Api
    tell: Callable[[str], None]
    loads: list[Load] = field(default_factory=list)

    def at(self, day: date, hour: int, minute: int = 0) -> None:
        """Let it be that time of that UTC day."""
        self.clock.move_to(datetime.combine(day, time(hour, minute), UTC))

    def load(self, day: date, mode: Mode) -> None:
        """Load and publish a day."""
        self.tell(f"{day}: loading and publishing, {mode}")
        self.loads.append(load_day(self.endpoints, day, mode))


def shop_week(life: Life, days: list[date], seed: int) -> Ledger:
    """Live through a shop's days; the last stays open. Returns what the shop booked.

    Raises:
        UserError: The API, the function or BigQuery refused something.
        NotReconciledError: A check on a published day is not true.
    """
    shop = Shop(life.api, seed)
    for number, day in enumerate(days):
        life.at(day, 0, 30)
        life.tell(f"{day}: selling")
        shop.sell(day, _NIGHT_ORDERS)
        if number:
            life.at(day, 2)
            life.load(day - ONE_DAY, "closed")
        if number % _MARKET_EVERY == 1:
            life.at(day, 8)
            shop.import_market(day - ONE_DAY, _MARKET_ORDERS)
        last = _LAST_HOUR if day == days[-1] else _OPENING_HOURS[-1]
        for hour in (hour for hour in _OPENING_HOURS if hour <= last):
            life.at(day, hour)
            shop.sell(day, _ORDERS_AN_HOUR)
            shop.attend()
        shop.delete_old(day, _DELETIONS_A_DAY)
    life.load(days[-1], "open")
    return shop.ledger


def imported_file(life: Life, file: OrdersFile, today: date) -> Ledger:
    """Import a file late yesterday, load that day after its midnight and today as it stands.

    A file with orders of today is imported now, and today is the one day that is loaded.
    Returns what the file says.

    Raises:
        UserError: A row is bad, or the function or BigQuery refused something.
        NotReconciledError: A check on a published day is not true.
    """
    late = datetime.combine(today - ONE_DAY, time(23), UTC)
    imported = today if file.reaches(late) else late.date()
    life.tell(f"{imported}: importing")
    if imported < today:
        life.clock.move_to(late)
    file.send(life.api)
    if imported < today:
        life.at(today, 0)
        life.load(imported, "closed")
    life.load(today, "open")
    ledger = Ledger()
    file.book(ledger, imported)
    return ledger
