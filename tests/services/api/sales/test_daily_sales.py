"""GET /sales/daily: what is published, to the cent, and what is not there yet."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from orders_api.schemas.sales import DailySales
from tally_testing.shop import DAY, Shop

EndDay = Callable[[], date]
WEEK = {"from": "2026-11-08", "to": "2026-11-14"}


def daily(api: httpx.Client, **query: Any) -> dict[str, Any]:
    response = api.get("/sales/daily", params=WEEK | query)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    DailySales.model_validate_json(response.content, strict=True)
    return body


def row(region: str, currency: str, count: int, *amounts: str) -> dict[str, Any]:
    gross, refunded, net = amounts
    return {
        "day": DAY.isoformat(),
        "region": region,
        "currency": currency,
        "order_count": count,
        "gross_revenue": gross,
        "refunded": refunded,
        "net_revenue": net,
    }


def test_sales_have_the_decimals_of_their_currency_and_an_order(
    shop: Shop, next_day: EndDay, sales_api: httpx.Client
) -> None:
    shop.order(region="us-west", total_cents=1999)
    shop.order(region="us-west", total_cents=1, status="refunded")
    shop.order(region="eu-west", currency="KWD", total_cents=1_999)
    shop.order(region="eu-west", currency="JPY", total_cents=10**15)
    shop.order(region="eu-west", currency="JPY", total_cents=10**15)
    shop.order(region="eu-west", status="cancelled")
    shop.load(next_day())
    assert daily(sales_api)["sales"] == [
        row("eu-west", "JPY", 2, "2" + "0" * 15, "0", "2" + "0" * 15),
        row("eu-west", "KWD", 1, "1.999", "0.000", "1.999"),
        row("us-west", "USD", 2, "20.00", "0.01", "19.99"),
    ]


def test_a_day_without_sales_is_told_from_one_that_is_not_there_yet(
    shop: Shop, next_day: EndDay, sales_api: httpx.Client
) -> None:
    shop.load(next_day())
    shop.order()
    shop.load(DAY + timedelta(days=1), mode="open")
    answer = daily(sales_api)
    assert (answer["from"], answer["to"]) == ("2026-11-08", "2026-11-14")
    assert [day["day"] for day in answer["days"]] == [f"2026-11-{n:02}" for n in range(8, 15)]
    assert [day["state"] for day in answer["days"]] == [None, None, "closed", "open", *[None] * 3]
    assert [day["published"] for day in answer["days"]] == [False, False, True, True, *[False] * 3]
    times = [day["published_at"] for day in answer["days"]]
    assert [time is None for time in times] == [True, True, False, False, True, True, True]
    for time in times[2:4]:
        assert abs(datetime.fromisoformat(time) - datetime.now(UTC)) < timedelta(minutes=10)
        assert time.endswith("Z")
    assert [sale["day"] for sale in answer["sales"]] == ["2026-11-11"]


def test_orders_of_a_day_before_the_first_load_are_shown_though_it_is_not_published(
    shop: Shop, next_day: EndDay, sales_api: httpx.Client
) -> None:
    shop.order(created_at=datetime(2026, 11, 8, tzinfo=UTC))
    shop.load(next_day())
    answer = daily(sales_api)
    assert [sale["day"] for sale in answer["sales"]] == ["2026-11-08"]
    assert answer["days"][0]["published"] is False


def test_regions_and_currencies_are_filters_that_may_be_repeated(
    shop: Shop, next_day: EndDay, sales_api: httpx.Client
) -> None:
    for region in ("eu-north", "eu-west", "us-west"):
        for currency in ("EUR", "USD"):
            shop.order(region=region, currency=currency)
    shop.load(next_day())

    def found(**query: Any) -> list[tuple[str, str]]:
        return [(sale["region"], sale["currency"]) for sale in daily(sales_api, **query)["sales"]]

    assert len(found()) == 6
    assert found(region="us-west") == [("us-west", "EUR"), ("us-west", "USD")]
    assert found(region=["us-west", "eu-north", "us-west"], currency="EUR") == [
        ("eu-north", "EUR"),
        ("us-west", "EUR"),
    ]
    assert found(currency=["USD", "EUR"], region="nowhere") == []


def test_without_days_the_thirty_that_ended_last_are_shown(sales_api: httpx.Client) -> None:
    before = datetime.now(UTC).date()
    answer = sales_api.get("/sales/daily").json()
    after = datetime.now(UTC).date()
    last = date.fromisoformat(answer["to"])
    assert before <= last + timedelta(days=1) <= after
    assert answer["from"] == (last - timedelta(days=29)).isoformat()
    assert len(answer["days"]) == 30
    assert answer["sales"] == []


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({"from": "1990-01-01", "to": "1991-01-01"}, 366),
        ({"from": "9999-12-31", "to": "9999-12-31"}, 1),
        ({"to": "2024-03-01"}, 30),
    ],
)
def test_the_ends_of_the_calendar_are_days(
    sales_api: httpx.Client, query: dict[str, str], days: int
) -> None:
    answer = sales_api.get("/sales/daily", params=query)
    assert len(answer.json()["days"]) == days


def test_it_answers_under_v1_as_well(sales_api: httpx.Client) -> None:
    answers = [sales_api.get(f"{mount}/sales/daily", params=WEEK) for mount in ("", "/v1")]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["etag"] == answers[1].headers["etag"]
