"""Daily sales: compared to the cent, shown in the currency's own decimals."""

from datetime import date
from decimal import Decimal

import pytest

from tally_local.sales import Key, Sales, amount, differences, last_line, major, totals

DAY = date(2026, 11, 19)
EURO, YEN = Key(DAY, "eu-west", "EUR"), Key(DAY, "ap-northeast", "JPY")
FIGURES = Sales(2, Decimal("20.50"), Decimal("0.50"), Decimal("20.00"))


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (123456, "USD", "1234.56"),
        (88000, "JPY", "88000"),
        (12345, "KWD", "12.345"),
        (5, "CLF", "0.0005"),
        (0, "EUR", "0.00"),
        (250031563 * 10**12, "USD", "2500315630000000000.00"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(minor: int, currency: str, shown: str) -> None:
    assert amount(major(minor, currency), currency) == shown


def test_equal_figures_have_no_differences_whatever_their_scale() -> None:
    same = Sales(2, Decimal("20.5"), Decimal("0.5"), Decimal(20))
    assert differences({EURO: FIGURES}, {EURO: same}) == []


def test_a_row_of_nothing_is_the_same_as_no_row() -> None:
    assert differences({EURO: FIGURES, YEN: Sales()}, {EURO: FIGURES}) == []


@pytest.mark.parametrize(
    "actual",
    [
        {},
        {YEN: FIGURES},
        {EURO: Sales(3, FIGURES.gross, FIGURES.refunded, FIGURES.net)},
        {EURO: Sales(2, Decimal("20.51"), FIGURES.refunded, FIGURES.net)},
        {EURO: FIGURES, YEN: FIGURES},
    ],
)
def test_a_missing_a_wrong_and_a_needless_row_are_each_named(actual: dict[Key, Sales]) -> None:
    named = differences({EURO: FIGURES}, actual)
    wrong = {key for key in (EURO, YEN) if actual.get(key) != {EURO: FIGURES}.get(key)}
    assert len(named) == len(wrong)
    assert all(
        any(key.currency in line and "2026-11-19" in line for line in named) for key in wrong
    )


def test_totals_are_by_currency_in_the_order_of_their_codes() -> None:
    sums = totals({YEN: FIGURES, EURO: FIGURES, Key(DAY, "eu-north", "EUR"): FIGURES})
    assert list(sums) == ["EUR", "JPY"]
    assert sums["EUR"] == FIGURES + FIGURES


def test_the_last_line_has_one_amount_a_currency_sorted_by_code() -> None:
    yen = Sales(1, Decimal(88000), Decimal(0), Decimal(88000))
    dinar = Sales(1, Decimal("12.345"), Decimal(0), Decimal("12.345"))
    sales = {YEN: yen, EURO: FIGURES, Key(DAY, "me-south", "KWD"): dinar}
    assert last_line(sales) == (
        "reconciled: 4 orders, EUR 20.50, JPY 88000, KWD 12.345, 0 differences"
    )


def test_the_last_line_of_nothing_says_so() -> None:
    assert last_line({}) == "reconciled: 0 orders, 0 differences"
