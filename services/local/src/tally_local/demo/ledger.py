"""What was ordered, kept apart from Tally, to know what `sales_daily` must say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from orders.status import OrderStatus
from tally_local.sales import Key, Sales, major


@dataclass
class Booking:
    """One order as its customer knows it."""

    created: date
    region: str
    currency: str
    total_cents: int
    """Minor units of the currency."""
    status: OrderStatus = OrderStatus.PENDING
    deleted: bool = False

    def sales(self) -> Sales:
        """Return what it adds to its day's sales: nothing when cancelled or deleted."""
        if self.deleted or self.status is OrderStatus.CANCELLED:
            return Sales()
        value = major(self.total_cents, self.currency)
        refunded = value if self.status is OrderStatus.REFUNDED else value * 0
        return Sales(1, value, refunded, value - refunded)


class Ledger:
    """Every order that was placed, with what became of it."""

    def __init__(self) -> None:
        self.bookings: list[Booking] = []

    def book(self, booking: Booking) -> Booking:
        """Enter an order; its later changes are made on what is returned."""
        self.bookings.append(booking)
        return booking

    def sales(self) -> Mapping[Key, Sales]:
        """Return the daily sales as they must be now."""
        figures: dict[Key, Sales] = {}
        for booking in self.bookings:
            key = Key(booking.created, booking.region, booking.currency)
            figures[key] = figures.get(key, Sales()) + booking.sales()
        return figures
