"""What a stranger may put into the query of GET /sales/daily."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from orders_api.services.sales import amount

WRONG: list[tuple[list[tuple[str, str]], str, str]] = [
    ([("from", "2026-11-2")], "query/from", "Use a day like 2026-11-21"),
    ([("from", "20261121")], "query/from", "Use a day like 2026-11-21"),
    ([("to", "2026-11-21T00:00:00Z")], "query/to", "Use a day like 2026-11-21"),
    ([("to", "٢٠٢٦-11-21")], "query/to", "Use a day like 2026-11-21"),
    ([("to", "")], "query/to", "Use a day like 2026-11-21"),
    ([("to", "2026-11-21\x00")], "query/to", "Use a day like 2026-11-21"),
    ([("to", "2026-11-31")], "query/to", "There is no such day"),
    ([("to", "0000-01-01")], "query/to", "There is no such day"),
    ([("to", "1989-12-31")], "query/to", "The first day is 1990-01-01"),
    ([("from", "2026-01-02"), ("to", "2026-01-01")], "query/from", "It lies after the last day"),
    ([("from", "2999-01-01")], "query/from", "It lies after the last day"),
    ([("from", "2025-01-01"), ("to", "2026-01-02")], "query/from", "more than 366 days"),
    ([("from", "1990-01-01"), ("to", "9999-12-31")], "query/from", "more than 366 days"),
    ([("to", "2026-01-01"), ("to", "2026-01-02")], "query/to", "May stand only once"),
    ([("region", "us west")], "query/region", "String should match pattern"),
    ([("region", "eu"), ("region", "")], "query/region", "String should match pattern"),
    ([("region", f"r{n}") for n in range(101)], "query/region", "at most 100 items"),
    ([("currency", "usd")], "query/currency", "String should match pattern"),
    ([("currency", "EUR"), ("currency", "XYQ")], "query/currency", "no such currency in ISO 4217"),
    ([("first_day", "2026-01-01")], "query/first_day", "There is no such parameter"),
]


@pytest.mark.parametrize(("query", "pointer", "detail"), WRONG, ids=lambda value: str(value)[:40])
def test_what_has_no_meaning_is_refused_by_name(
    api: httpx.Client,
    problem: Any,
    query: list[tuple[str, str]],
    pointer: str,
    detail: str,
) -> None:
    response = api.get(httpx.URL("/sales/daily", params=query))
    body = problem(response)
    assert response.status_code == 422
    assert [error["pointer"] for error in body["errors"]] == [pointer]
    assert detail in body["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("19.9", "USD", "19.90"),
        ("0", "USD", "0.00"),
        ("0E-9", "KWD", "0.000"),
        ("1999.000000000", "JPY", "1999"),
        ("1E+3", "JPY", "1000"),
        ("0.0005", "CLF", "0.0005"),
        ("99999999999999999999999999999.999999999", "USD", "9" * 29 + "." + "9" * 9),
        ("1.25", "JPY", "1.25"),
        ("1.50", "XYQ", "1.5"),
    ],
)
def test_amounts_are_exact(value: str, currency: str, shown: str) -> None:
    assert amount(Decimal(value), currency) == shown
