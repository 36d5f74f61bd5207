"""Reconciling finds every kind of difference, and names the day, the figures and the ids."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from orders.problems import Conflict
from tally_testing.shop import DAY, Shop

NextDay = Callable[[], date]
RAW = "WHERE DATE(ingested_at) = '2026-11-10'"


def differences(shop: Shop) -> list[dict[str, Any]]:
    with pytest.raises(Conflict) as caught:
        shop.reconcile()
    assert caught.value.slug == "not-reconciled"
    found: list[dict[str, Any]] = caught.value.extra["differences"]
    return found


def damage(shop: Shop, statement: str) -> None:
    shop.parts.warehouse.rows(statement)


@pytest.fixture
def orders(shop: Shop, next_day: NextDay) -> list[int]:
    """Three orders of a published day."""
    ids = [shop.order(total_cents=cents) for cents in (100, 200, 300)]
    shop.load(next_day())
    return ids


def test_nothing_differs_after_a_load(shop: Shop, orders: list[int]) -> None:
    assert len(orders) == 3
    assert shop.reconcile() == {"days_checked": 30, "loads_checked": 1, "differences": []}


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE orders_raw SET region = 'us-west' {RAW} AND total_cents = 200",
        f"DELETE FROM orders_raw {RAW} AND total_cents = 200",
    ],
)
def test_a_damaged_partition_is_named_with_its_changes(
    shop: Shop, orders: list[int], change: str
) -> None:
    damage(shop, change)
    found = differences(shop)
    assert found[0]["check"] == "Postgres = ledger = orders_raw"
    assert found[0]["day"] == "2026-11-10"
    assert found[0]["expected"].startswith("v1:3:600:")
    assert found[0]["expected"] in found[0]["actual"]
    with shop.engine.connect() as connection:
        query = f"SELECT change_id FROM order_changes WHERE order_id = {orders[1]}"
        assert found[0]["ids"] == [connection.exec_driver_sql(query).scalar_one()]


def test_a_row_twice_is_a_difference(shop: Shop, orders: list[int]) -> None:
    assert orders
    damage(shop, f"INSERT INTO orders_raw SELECT * FROM orders_raw {RAW} AND total_cents = 100")
    assert len(differences(shop)[0]["ids"]) == 1


def test_a_changed_ledger_is_a_difference(shop: Shop, orders: list[int]) -> None:
    assert orders
    damage(shop, "UPDATE load_ledger SET receipt = 'v1:3:601:1' WHERE TRUE")
    (found,) = differences(shop)
    assert "ledger v1:3:601:1" in found["actual"]


def test_a_ledger_row_that_is_gone_is_a_difference(shop: Shop, orders: list[int]) -> None:
    assert orders
    damage(shop, "DELETE FROM load_ledger WHERE TRUE")
    assert {one["check"] for one in differences(shop)} == {
        "every day that is over has a closed load",
        "Postgres = ledger = orders_raw",
    }


def test_a_day_that_was_forgotten_is_a_difference(
    shop: Shop, next_day: NextDay, orders: list[int]
) -> None:
    shop.sql("UPDATE orders SET status = 'paid' WHERE id = :id", id=orders[0])
    forgotten = next_day()
    shop.reconcile()
    shop.load(next_day())
    (found,) = differences(shop)
    assert found == {
        "check": "every day that is over has a closed load",
        "day": forgotten.isoformat(),
        "expected": "closed",
        "actual": "no load",
        "ids": [],
    }
    shop.load(forgotten)
    shop.reconcile()


def test_a_day_that_is_closed_but_only_published_as_open_is_a_difference(
    shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    shop.load(DAY, "open")
    shop.reconcile()
    shop.stage(next_day())
    assert differences(shop)[0]["actual"] == "open"


def test_an_order_that_is_not_its_last_change_is_named(shop: Shop, orders: list[int]) -> None:
    damage(shop, f"UPDATE orders SET total_cents = 201 WHERE order_id = {orders[1]}")
    found = differences(shop)
    assert found[0]["check"] == "orders = last change in orders_raw"
    assert (found[0]["day"], found[0]["ids"]) == ("2026-11-10", [orders[1]])
    assert "200 cents" in found[0]["expected"]
    assert "201 cents" in found[0]["actual"]


def test_an_order_that_is_missing_is_named(shop: Shop, orders: list[int]) -> None:
    damage(shop, f"DELETE FROM orders WHERE order_id = {orders[2]}")
    assert differences(shop)[0]["actual"] == "absent"


def test_an_order_that_is_there_twice_is_named(shop: Shop, orders: list[int]) -> None:
    damage(shop, f"INSERT INTO orders SELECT * FROM orders WHERE order_id = {orders[0]}")
    found = differences(shop)
    assert (found[0]["ids"], found[0]["actual"]) == ([orders[0]], "2 rows")


def test_when_loading_stops_the_first_day_left_out_is_named(
    shop: Shop, next_day: NextDay, orders: list[int]
) -> None:
    shop.sql("UPDATE orders SET status = 'paid' WHERE id = :id", id=orders[0])
    left_out = next_day()
    shop.reconcile()
    next_day()
    (found,) = differences(shop)
    assert (found["day"], found["actual"]) == (left_out.isoformat(), "no load")


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO sales_daily SELECT * FROM sales_daily",
        "UPDATE sales_daily SET gross_revenue = 6.01, net_revenue = 6.01 WHERE TRUE",
        "UPDATE sales_daily SET order_count = 4 WHERE TRUE",
        "UPDATE sales_daily SET refunded = 1, net_revenue = 5 WHERE TRUE",
        "UPDATE sales_daily SET net_revenue = 5 WHERE TRUE",
        "UPDATE sales_daily SET region = 'us-west' WHERE TRUE",
        "DELETE FROM sales_daily WHERE TRUE",
    ],
)
def test_a_wrong_figure_in_sales_is_named(shop: Shop, orders: list[int], change: str) -> None:
    damage(shop, change)
    found = differences(shop)
    assert found[0]["check"] == "sales_daily = recompute from orders"
    assert (found[0]["day"], found[0]["currency"]) == ("2026-11-10", "USD")
    assert orders in [one["ids"] for one in found]


def test_days_outside_the_window_are_not_compared_with_postgres(
    shop: Shop, next_day: NextDay, orders: list[int]
) -> None:
    assert orders
    damage(shop, "UPDATE load_ledger SET receipt = 'v1:3:601:1' WHERE TRUE")
    next_day()
    assert differences(shop)[0]["day"] == (DAY + timedelta(0)).isoformat()
    shop.reconcile(days=1)
