"""Daily sales as figures: read from BigQuery, or computed elsewhere to be compared with them."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import NamedTuple

from google.cloud.bigquery import Row

from tally_local.endpoints import Endpoints
from tally_local.warehouse import RETRY, warehouse


class Key(NamedTuple):
    """The grain of `sales_daily`."""

    day: date
    """The UTC day on which the orders were created."""
    region: str
    currency: str


@dataclass(frozen=True)
class Sales:
    """One row's figures, or their sum; amounts in major units."""

    orders: int = 0
    gross: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    net: Decimal = Decimal(0)

    def __add__(self, other: "Sales") -> "Sales":
        return Sales(
            self.orders + other.orders,
            self.gross + other.gross,
            self.refunded + other.refunded,
            self.net + other.net,
        )


def published(endpoints: Endpoints) -> dict[Key, Sales]:
    """Read all of `sales_daily`.

    Raises:
        UserError: BigQuery refused, or is away.
    """
    query = "SELECT * FROM sales_daily WHERE day >= DATE '1970-01-01'"
    with warehouse(endpoints) as client:
        rows = client.query_and_wait(query, retry=RETRY)
        return {Key(row["day"], row["region"], row["currency"]): _sales(row) for row in rows}


def _sales(row: Row) -> Sales:
    return Sales(row["order_count"], row["gross_revenue"], row["refunded"], row["net_revenue"])


def differences(expected: Mapping[Key, Sales], actual: Mapping[Key, Sales]) -> list[str]:
    """Name every row that differs; a row of nothing is the same as no row."""
    return [
        f"{key.day} {key.region} {key.currency}: expected {expected.get(key, Sales())},"
        f" sales_daily has {actual.get(key, Sales())}"
        for key in sorted(expected.keys() | actual.keys())
        if expected.get(key, Sales()) != actual.get(key, Sales())
    ]


def totals(sales: Mapping[Key, Sales]) -> dict[str, Sales]:
    """Sum the figures of each currency, in the order of their codes."""
    sums: dict[str, Sales] = {}
    for key, figures in sorted(sales.items(), key=lambda item: item[0].currency):
        sums[key.currency] = sums.get(key.currency, Sales()) + figures
    return sums


def last_line(sales: Mapping[Key, Sales]) -> str:
    """Return the line that says that all is well."""
    return "reconciled: " + ", ".join(_parts(sales))


def _parts(sales: Mapping[Key, Sales]) -> Iterator[str]:
    yield f"{sum(figures.orders for figures in sales.values())} orders"
    for currency, figures in totals(sales).items():
        yield f"{currency} {amount(figures.gross, currency)}"
    yield "0 differences"


def amount(value: Decimal, currency: str) -> str:
    """Write an amount in major units with the decimals of its currency."""
    return f"{value:.{exponents()[currency]}f}"


def major(minor_units: int, currency: str) -> Decimal:
    """Turn minor units (cents, yen, fils) into major ones."""
    return Decimal(minor_units).scaleb(-exponents()[currency])


@cache
def exponents() -> dict[str, int]:
    """Return the number of decimals of each ISO 4217 currency."""
    with resources.files("orders").joinpath("currencies.csv").open(encoding="utf-8") as lines:
        return {row["code"]: int(row["exponent"]) for row in csv.DictReader(lines)}
