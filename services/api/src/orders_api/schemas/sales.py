"""The sales of each day, as they are asked for and answered."""

import csv
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from orders_api.schemas.order import EARLIEST, CurrencyCode

MAX_DAYS: Final = 366
MAX_ROWS: Final = 10_000

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@cache
def exponents() -> dict[str, int]:
    """Return the number of decimals of each ISO 4217 currency."""
    with resources.files("orders").joinpath("currencies.csv").open(encoding="utf-8") as lines:
        return {row["code"]: int(row["exponent"]) for row in csv.DictReader(lines)}


def _day(value: object) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("Use a day like 2026-11-21")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("There is no such day") from None
    if day < EARLIEST.date():
        raise ValueError(f"The first day is {EARLIEST.date()}")
    return day


def _known(code: str) -> str:
    if code not in exponents():
        raise ValueError("There is no such currency in ISO 4217")
    return code


UrlDay = Annotated[date, BeforeValidator(_day)]
"""A UTC day in a URL, ISO 8601."""

KnownCurrency = Annotated[CurrencyCode, AfterValidator(_known)]
"""The code of a currency that there is."""


@dataclass(frozen=True)
class SalesQuery:
    """Which sales to show; an empty filter lets all through."""

    first_day: date
    last_day: date
    """Inclusive."""
    regions: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()


EXAMPLE: Final[dict[str, Any]] = {
    "from": "2026-11-19",
    "to": "2026-11-20",
    "days": [
        {
            "day": "2026-11-19",
            "published": True,
            "state": "closed",
            "published_at": "2026-11-20T02:00:41.250000Z",
        },
        {"day": "2026-11-20", "published": False, "state": None, "published_at": None},
    ],
    "sales": [
        {
            "day": "2026-11-19",
            "region": "us-west",
            "currency": "USD",
            "order_count": 2,
            "gross_revenue": "39.98",
            "refunded": "19.99",
            "net_revenue": "19.99",
        }
    ],
}

_Amount = Annotated[
    str, Field(description="Major units, exact, with the decimals of currency: 19.99 USD, 1999 JPY")
]


class SalesDay(BaseModel):
    """What the warehouse has of a day."""

    day: date
    published: bool = Field(description="Whether the changes of this day are in the warehouse.")
    state: Literal["closed", "open"] | None = Field(
        description="closed: all changes of this day; open: those up to some moment in it."
    )
    published_at: datetime | None


class SalesRow(BaseModel):
    """The orders that were created on a day in one region and currency."""

    day: date
    region: str
    currency: str
    order_count: int = Field(description="Orders that are neither cancelled nor deleted.")
    gross_revenue: _Amount
    refunded: _Amount
    net_revenue: _Amount


class DailySales(BaseModel):
    """The sales of some days, as they are published: all from one moment."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    first_day: date = Field(alias="from")
    last_day: date = Field(alias="to", description="Inclusive.")
    days: list[SalesDay] = Field(description="Every day that was asked for, in order.")
    sales: list[SalesRow] = Field(
        description="By day, region and currency; a day without sales has no row."
    )
