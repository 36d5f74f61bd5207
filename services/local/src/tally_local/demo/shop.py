"""A shop with customers in five regions: seeded, so that a seed always sells the same."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from orders.status import OrderStatus as Status
from tally_local.demo.api import Api, Placed
from tally_local.demo.ledger import Booking, Ledger
from tally_local.sales import exponents

_CURRENCIES = {
    "us-west": ("USD",),
    "us-east": ("USD",),
    "eu-west": ("EUR", "EUR", "USD"),
    "ap-northeast": ("JPY",),
    "me-south": ("KWD", "KWD", "USD"),
}
_REGIONS = tuple(_CURRENCIES)
_CHANNELS = ("web", "app", "phone")
_BASKETS = (3, 250)
"""The value of an order, in dollars or what is worth about as much."""
_WORTH = {"USD": 1.0, "EUR": 0.9, "JPY": 150.0, "KWD": 0.3}

# From each state, what happens next and how likely; what is left stays as it is.
_FATES: dict[Status, tuple[tuple[Status, float], ...]] = {
    Status.PENDING: ((Status.PAID, 0.70), (Status.CANCELLED, 0.06)),
    Status.PAID: ((Status.SHIPPED, 0.45), (Status.REFUNDED, 0.01), (Status.CANCELLED, 0.01)),
    Status.SHIPPED: ((Status.DELIVERED, 0.40), (Status.REFUNDED, 0.01)),
    Status.DELIVERED: ((Status.REFUNDED, 0.002),),
}


@dataclass
class _Sale:
    order: Placed
    booking: Booking


class Shop:
    """Sells through the API, and keeps a ledger of its own of what it sold."""

    def __init__(self, api: Api, seed: int) -> None:
        self.ledger = Ledger()
        self._api = api
        self._random = random.Random(seed)  # noqa: S311  a shop, no secret
        self._sales: list[_Sale] = []

    def sell(self, day: date, orders: int) -> None:
        """Take so many orders; `day` is the UTC day that it is now."""
        for _ in range(orders):
            booking = self._basket(day)
            metadata = {
                "channel": self._random.choice(_CHANNELS),
                "gift": "yes" if self._chance(0.1) else "no",
            }
            order = _order(booking) | {"metadata": metadata}
            booking = self.ledger.book(booking)
            self._sales.append(_Sale(self._api.create(order), booking))

    def attend(self) -> None:
        """See to the orders: payments, shipments, deliveries, cancellations, refunds."""
        for sale in self._sales:
            if status := self._fate(sale.booking.status):
                self._api.set_status(sale.order, status)
                sale.booking.status = status

    def delete_old(self, before: date, orders: int) -> None:
        """Delete so many orders of earlier days, whatever their state."""
        old = [sale for sale in self._sales if sale.booking.created < before]
        for sale in self._random.sample(old, min(orders, len(old))):
            self._api.delete(sale.order)
            sale.booking.deleted = True
            self._sales.remove(sale)

    def import_market(self, day: date, orders: int) -> None:
        """Import the file of a market stall: paid orders of that past day, as CSV."""
        lines = ["customer_id,total_cents,region,status,currency,created_at"]
        for _ in range(orders):
            booking = self.ledger.book(self._basket(day))
            booking.status = Status.PAID
            at = datetime.combine(day, time(self._random.randrange(9, 18)), UTC)
            order = _order(booking)
            fields = (order["customer_id"], booking.total_cents, booking.region, booking.status)
            lines.append(",".join(map(str, (*fields, booking.currency, at.isoformat()))))
        self._api.import_orders([("\n".join(lines) + "\n").encode()], "text/csv")

    def _basket(self, day: date) -> Booking:
        region = self._random.choice(_REGIONS)
        currency = self._random.choice(_CURRENCIES[region])
        value = self._random.uniform(*_BASKETS) * _WORTH[currency]
        return Booking(day, region, currency, round(value * 10 ** exponents()[currency]))

    def _fate(self, status: Status) -> Status | None:
        lot = self._random.random()
        for fate, likelihood in _FATES.get(status, ()):
            if lot < likelihood:
                return fate
            lot -= likelihood
        return None

    def _chance(self, likelihood: float) -> bool:
        return self._random.random() < likelihood


def _order(booking: Booking) -> dict[str, object]:
    return {
        "customer_id": 1 + booking.total_cents % 997,
        "total_cents": booking.total_cents,
        "region": booking.region,
        "currency": booking.currency,
    }
