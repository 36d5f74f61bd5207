"""The demo's shop against the real API: repeatable, and its ledger says what Postgres holds."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tally_local.clock import Clock
from tally_local.demo.api import Api, api_at
from tally_local.demo.shop import Shop
from tally_local.errors import UserError
from tally_local.sales import Key, Sales, major
from tally_local.stack import services
from tally_local.stack.processes import Child, environment
from tally_testing.waiting import wait_for

DAYS = [date(2026, 11, 16), date(2026, 11, 17)]


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Api]:
    """The real API on the test's own database."""
    service = services.api(services.Ports().chosen())
    env = environment(os.environ, **service.settings | {"DATABASE_URL": database_url})
    server = Child(service.name, service.command, env, tmp_path / "api.log")
    wait_for(service.health)
    with api_at(service.health.removesuffix("/health/ready")) as api:
        yield api
    server.ask_to_stop()
    server.wait()


def live(shop: Shop, clock: Clock) -> None:
    for day in DAYS:
        clock.move_to(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        shop.sell(day, 20)
        for _ in range(4):
            shop.attend()
    shop.delete_old(DAYS[-1], 3)
    shop.import_market(DAYS[0], 10)


def in_postgres(engine: Engine) -> dict[Key, Sales]:
    """Compute the daily sales from the table of orders."""
    query = """
        SELECT (created_at AT TIME ZONE 'UTC')::date, region, currency, count(*),
            sum(total_cents), COALESCE(sum(total_cents) FILTER (WHERE status = 'refunded'), 0)
        FROM orders WHERE status <> 'cancelled' GROUP BY 1, 2, 3
    """
    with engine.connect() as connection:
        return {Key(*row[:3]): _sales(*row[2:]) for row in connection.execute(text(query))}


def _sales(currency: str, orders: int, gross: Any, refunded: Any) -> Sales:
    whole, back = major(int(gross), currency), major(int(refunded), currency)
    return Sales(orders, whole, back, whole - back)


def test_its_ledger_says_what_postgres_holds(api: Api, engine: Engine) -> None:
    shop = Shop(api, seed=1)
    live(shop, Clock(engine))
    booked = {key: sales for key, sales in shop.ledger.sales().items() if sales.orders}
    assert booked == in_postgres(engine)
    assert len({key.region for key in booked}) >= 4
    assert {"EUR", "JPY", "KWD", "USD"} <= {key.currency for key in booked}


def test_all_that_can_befall_an_order_happens(api: Api, engine: Engine) -> None:
    live(Shop(api, seed=1), Clock(engine))
    query = "SELECT DISTINCT op || ' ' || status FROM order_changes"
    with engine.connect() as connection:
        happened = set(connection.scalars(text(query)))
    assert {"I pending", "I paid", "U paid", "U shipped", "U delivered", "U cancelled"} <= happened
    assert {change[0] for change in happened} == {"I", "U", "D"}


def test_a_seed_always_sells_the_same(api: Api, engine: Engine) -> None:
    first, second, other = (Shop(api, seed) for seed in (1, 1, 2))
    clock = Clock(engine)
    clock.move_to(datetime(2026, 11, 16, 20, tzinfo=UTC))
    for shop in (first, second, other):
        shop.sell(DAYS[0], 10)
        shop.attend()
        shop.import_market(DAYS[0], 5)
    assert first.ledger.sales() == second.ledger.sales() != other.ledger.sales()


def test_a_refusal_gives_the_apis_reasons(api: Api) -> None:
    with pytest.raises(UserError, match=r"(?s)the API refused.*customer_id: "):
        api.create({"customer_id": 0, "total_cents": 1})


def test_of_many_bad_rows_the_first_are_listed_and_the_rest_counted(api: Api) -> None:
    rows = b"customer_id,total_cents\n" + b"0,1\n" * 1500
    with pytest.raises(UserError) as refusal:
        api.import_orders([rows], "text/csv")
    lines = str(refusal.value).splitlines()
    assert lines[1].startswith("  line 2, customer_id: ")
    assert lines[-1] == "  and 1480 more"
