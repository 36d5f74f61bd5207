"""A file of purchases, imported over HTTP, is in BigQuery to the cent, day by day and region."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from orders_api.settings import Settings
from tally_local.endpoints import Endpoints
from tally_local.sales import last_line
from tally_testing.serving import serving
from tally_testing.shop import Shop

NextDay = Callable[[], date]
REGIONS = ("us-west", "us-east", "eu-west", "ap-south")
REAL_ORDERS = Path(__file__).parents[3] / "shared" / "data" / "cdnow_master.txt"


@pytest.fixture
def api(endpoints: Endpoints) -> Iterator[httpx.Client]:
    settings = Settings.model_validate({"database_url": endpoints.postgres})
    with serving(settings) as client:
        yield client


def purchases_like_the_real_ones(count: int) -> Iterator[str]:
    """Lines of the form of the data set: customer, day, number of CDs, dollars."""
    chance = random.Random(7)
    for customer in range(1, count + 1):
        day = f"1997{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
        dollars = Decimal(chance.choice([0, 1177, 7700, chance.randrange(100_000)])) / 100
        yield f" {customer:05d} {day} {chance.randrange(1, 9)} {dollars:>7.2f}"


def as_csv(lines: list[str]) -> Iterator[bytes]:
    yield b"customer_id,total_cents,region,created_at\n"
    for line in lines:
        customer, day, _, dollars = line.split()
        cents = int(Decimal(dollars) * 100)
        region = REGIONS[int(customer) % 4]
        created = datetime.strptime(day, "%Y%m%d").replace(hour=12, tzinfo=UTC)
        yield f"{int(customer)},{cents},{region},{created.isoformat()}\n".encode()


def expected(lines: list[str]) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """What each day and region must hold, from the lines alone."""
    sums: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for line in lines:
        customer, day, _, dollars = line.split()
        key = (day, REGIONS[int(customer) % 4])
        orders, gross = sums[key]
        sums[key] = (orders + 1, gross + Decimal(dollars))
    return dict(sums)


def import_and_publish(lines: list[str], api: httpx.Client, shop: Shop, next_day: NextDay) -> str:
    headers = {"Content-Type": "text/csv"}
    answer = api.post("/orders:import", content=as_csv(lines), headers=headers)
    assert answer.is_success, answer.text
    assert answer.json()["imported"] == len(lines)
    shop.load(next_day())
    shop.reconcile()
    sales = shop.sales()
    figures = {
        (key.day.strftime("%Y%m%d"), key.region): (one.orders, one.gross)
        for key, one in sales.items()
    }
    assert figures == expected(lines)
    assert {key.currency for key in sales} == {"USD"}
    return last_line(sales)


def test_a_sample(api: httpx.Client, shop: Shop, next_day: NextDay) -> None:
    lines = list(purchases_like_the_real_ones(500))
    total = sum(Decimal(line.split()[3]) for line in lines)
    line = import_and_publish(lines, api, shop, next_day)
    assert line == f"reconciled: 500 orders, USD {total:.2f}, 0 differences"


@pytest.mark.skipif(not REAL_ORDERS.exists(), reason="the data set is not part of the project")
def test_every_real_purchase(api: httpx.Client, shop: Shop, next_day: NextDay) -> None:
    lines = REAL_ORDERS.read_text(encoding="ascii").splitlines()[1:]
    line = import_and_publish(lines, api, shop, next_day)
    assert line == "reconciled: 69659 orders, USD 2500315.63, 0 differences"
