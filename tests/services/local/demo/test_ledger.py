"""The demo's own ledger: what a day's sales must be."""

from datetime import date
from decimal import Decimal

import pytest

from orders.status import OrderStatus
from tally_local.demo.ledger import Booking, Ledger
from tally_local.sales import Key, Sales

DAY = date(2026, 11, 19)


def booking(**changes: object) -> Booking:
    order = Booking(created=DAY, region="eu-west", currency="EUR", total_cents=1999)
    for name, value in changes.items():
        setattr(order, name, value)
    return order


def sales(orders: int, gross: str, refunded: str, net: str) -> Sales:
    return Sales(orders, Decimal(gross), Decimal(refunded), Decimal(net))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, sales(1, "19.99", "0", "19.99")),
        ({"status": OrderStatus.DELIVERED}, sales(1, "19.99", "0", "19.99")),
        ({"status": OrderStatus.REFUNDED}, sales(1, "19.99", "19.99", "0")),
        ({"status": OrderStatus.CANCELLED}, Sales()),
        ({"deleted": True}, Sales()),
        ({"deleted": True, "status": OrderStatus.REFUNDED}, Sales()),
        ({"currency": "JPY"}, sales(1, "1999", "0", "1999")),
        ({"currency": "KWD"}, sales(1, "1.999", "0", "1.999")),
    ],
)
def test_what_an_order_adds_to_its_days_sales(changes: dict[str, object], expected: Sales) -> None:
    assert booking(**changes).sales() == expected


def test_sales_are_summed_by_day_region_and_currency() -> None:
    ledger = Ledger()
    for order in (booking(), booking(total_cents=1), booking(region="us-east"), booking()):
        ledger.book(order)
    ledger.bookings[-1].deleted = True
    assert ledger.sales() == {
        Key(DAY, "eu-west", "EUR"): sales(2, "20.00", "0", "20.00"),
        Key(DAY, "us-east", "EUR"): sales(1, "19.99", "0", "19.99"),
    }
