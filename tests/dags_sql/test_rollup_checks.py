"""A rollup that is not what its source says breaks the checks that name what is wrong."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from tally_testing.rollups import TABLES, Order, Rollups
from tally_testing.shop import Shop

NOVEMBER, DECEMBER = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (11, 12))
ORDERS = [
    Order(1, NOVEMBER, "eu", "USD", 1000, "paid"),
    Order(2, NOVEMBER, "eu", "JPY", 1000, "paid"),
    Order(1, DECEMBER, "eu", "USD", 1000, "paid"),
]


@pytest.mark.parametrize(
    ("table", "damage", "broken"),
    [
        (
            "sales_weekly",
            "UPDATE sales_weekly SET order_count = order_count + 1 WHERE TRUE",
            ["every_row_is_the_sum_of_its_days", "each_currency_has_the_total_of_its_days"],
        ),
        (
            "sales_weekly",
            "UPDATE sales_weekly SET week = DATE_ADD(week, INTERVAL 1 DAY) WHERE TRUE",
            ["no_week_is_missing", "every_row_is_the_sum_of_its_days", "weeks_begin_on_monday"],
        ),
        (
            "sales_weekly",
            "INSERT INTO sales_weekly SELECT * FROM sales_weekly",
            ["each_currency_has_the_total_of_its_days"],
        ),
        (
            "sales_monthly",
            "UPDATE sales_monthly SET month = DATE_ADD(month, INTERVAL 1 DAY) WHERE TRUE",
            [
                "no_month_is_missing",
                "every_row_is_the_sum_of_its_days",
                "months_begin_on_their_first_day",
            ],
        ),
        (
            "sales_monthly",
            "DELETE FROM sales_monthly WHERE TRUE",
            ["no_month_is_missing", "each_currency_has_the_total_of_its_days"],
        ),
        (
            "customer_cohorts",
            "UPDATE customer_cohorts SET net_revenue = net_revenue + NUMERIC '0.01' WHERE TRUE",
            ["each_month_has_the_net_revenue_of_its_orders"],
        ),
        (
            "customer_cohorts",
            "UPDATE customer_cohorts SET customers = customers + 1 WHERE TRUE",
            [
                "no_more_customers_order_than_a_cohort_has",
                "the_whole_cohort_orders_in_its_first_month",
            ],
        ),
        (
            "customer_cohorts",
            "UPDATE customer_cohorts SET cohort_size = cohort_size + 1 WHERE TRUE",
            ["every_customer_is_in_one_cohort", "the_whole_cohort_orders_in_its_first_month"],
        ),
        (
            "customer_cohorts",
            "UPDATE customer_cohorts SET customers = 1 WHERE currency = 'JPY'",
            [
                "the_whole_cohort_orders_in_its_first_month",
                "customers_are_the_same_in_each_currency",
            ],
        ),
        (
            "customer_cohorts",
            "DELETE FROM customer_cohorts WHERE months_since = 0",
            ["each_month_has_the_net_revenue_of_its_orders", "every_cohort_has_its_first_month"],
        ),
    ],
)
def test_a_damaged_rollup_breaks_these_checks(
    rollups: Rollups, table: str, damage: str, broken: list[str]
) -> None:
    rollups.fill(ORDERS)
    rollups.roll_up(table)
    assert rollups.check(table, rollups.state()) == []
    rollups.client.query_and_wait(damage)
    assert rollups.check(table, rollups.state()) == broken


def test_a_day_that_is_published_between_rollup_and_check_is_for_the_next_run(
    shop: Shop, next_day: Callable[[], date], rollups: Rollups
) -> None:
    first = shop.order(total_cents=100)
    shop.load(next_day())
    before = rollups.state()
    rollups.run()
    assert rollups.broken(before) == []
    shop.sql("UPDATE orders SET status = 'refunded' WHERE id = :id", id=first)
    shop.order(total_cents=200, customer_id=2)
    shop.load(next_day())
    assert rollups.broken(before) == []
    assert {name.split(":")[0] for name in rollups.broken()} == set(TABLES)
    rollups.run()
    assert rollups.broken() == []
