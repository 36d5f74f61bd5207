"""The rollups are what a recompute from the orders says, whatever was there before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tally_testing.rollups import TABLES, Order, Rollups, recomputed
from tally_testing.shop import Shop

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
STATUSES = ["pending", "paid", "shipped", "delivered", "cancelled", "refunded"]

# Few customers, regions and months, so that they meet; weeks over a new year, and leap days.
DAYS = st.one_of(
    st.dates(date(2023, 12, 20), date(2024, 3, 5)),
    st.dates(date(2026, 12, 25), date(2027, 1, 10)),
    st.just(date(1990, 1, 1)),
)
TIMES = st.one_of(st.times(), st.sampled_from([time.min, time.max]))
MOMENTS = st.builds(datetime.combine, DAYS, TIMES, st.just(UTC))
ORDERS = st.builds(
    Order,
    customer_id=st.integers(1, 4),
    created_at=MOMENTS,
    region=st.sampled_from(["eu", "us"]),
    currency=st.sampled_from(["USD", "JPY", "KWD", "CLF"]),
    total_cents=st.one_of(st.integers(0, 10_000), st.integers(0, 10**15)),
    status=st.sampled_from(STATUSES),
    op=st.sampled_from(["I", "U", "D"]),
)


def changed(order: Order) -> st.SearchStrategy[Order]:
    """The order as it was, or with another status or amount, or deleted."""
    change = st.builds(
        replace,
        st.just(order),
        status=st.sampled_from(STATUSES),
        op=st.sampled_from("UD"),
        total_cents=st.integers(0, 10_000),
    )
    return st.one_of(st.just(order), change)


def two_states(before: list[Order]) -> st.SearchStrategy[tuple[list[Order], list[Order]]]:
    kept = st.tuples(*map(changed, before)).map(list)
    after = st.builds(list.__add__, kept, st.lists(ORDERS, max_size=5))
    return st.tuples(st.just(before), after)


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # An example takes seconds: to shrink one would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(states=st.lists(ORDERS, min_size=5, max_size=25).flatmap(two_states))
def test_any_orders_and_any_change_of_them(
    rollups: Rollups, states: tuple[list[Order], list[Order]]
) -> None:
    rollups.fill([])
    rollups.run()
    for orders in states:
        rollups.fill(orders)
        rollups.run()
        assert rollups.rows() == recomputed(orders)
        assert rollups.broken() == []
        assert rollups.run() == dict.fromkeys(TABLES, 0)


def order(customer_id: int = 1, cents: int = 1000, **facts: object) -> Order:
    known = {"created_at": NOON, "region": "eu", "currency": "USD", "status": "paid"}
    return Order(customer_id=customer_id, total_cents=cents, **known | facts)  # type: ignore[arg-type]


def test_an_empty_warehouse_has_empty_rollups_whose_checks_hold(rollups: Rollups) -> None:
    assert rollups.run() == dict.fromkeys(TABLES, 0)
    assert rollups.rows() == {table: [] for table in TABLES}
    assert rollups.broken() == []


def test_a_week_is_an_iso_week_also_over_a_new_year(rollups: Rollups) -> None:
    days = [date(2026, 12, 27), date(2026, 12, 28), date(2027, 1, 3), date(2027, 1, 4)]
    rollups.fill(
        [order(created_at=datetime(day.year, day.month, day.day, tzinfo=UTC)) for day in days]
    )
    rollups.run()
    weeks = [(row[0], row[3]) for row in rollups.rows()["sales_weekly"]]
    assert weeks == [(date(2026, 12, 21), 1), (date(2026, 12, 28), 2), (date(2027, 1, 4), 1)]
    months = [(row[0], row[3]) for row in rollups.rows()["sales_monthly"]]
    assert months == [(date(2026, 12, 1), 2), (date(2027, 1, 1), 2)]


def test_a_late_refund_changes_its_own_week_and_no_other_row(rollups: Rollups) -> None:
    old, new = order(created_at=NOON - timedelta(days=70)), order()
    rollups.fill([old, new])
    rollups.run()
    rollups.fill([replace(old, status="refunded"), new])
    assert rollups.run() == dict.fromkeys(TABLES, 1)
    nothing, ten = Decimal(0), Decimal(10)
    assert rollups.rows()["sales_weekly"] == [
        (date(2026, 8, 31), "eu", "USD", 1, ten, ten, nothing),
        (date(2026, 11, 9), "eu", "USD", 1, ten, nothing, ten),
    ]


def test_a_customer_who_pays_in_two_currencies_is_one_customer(rollups: Rollups) -> None:
    later = NOON + timedelta(days=31)
    rollups.fill(
        [
            order(1, 100, currency="USD"),
            order(1, 200, currency="JPY"),
            order(2, 300, currency="USD", status="refunded"),
            order(2, 400, currency="JPY", created_at=later),
            order(3, 500, currency="JPY", created_at=later),
        ]
    )
    rollups.run()
    november, december = date(2026, 11, 1), date(2026, 12, 1)
    assert rollups.rows()["customer_cohorts"] == [
        (november, 0, "JPY", 2, 1, Decimal(200), 2),
        (november, 0, "USD", 2, 2, Decimal(1), 2),
        (november, 1, "JPY", 1, 1, Decimal(400), 2),
        (december, 0, "JPY", 1, 1, Decimal(500), 1),
    ]


def test_a_new_customer_is_counted_in_every_row_of_the_cohort(rollups: Rollups) -> None:
    later = NOON + timedelta(days=31)
    orders = [order(1), order(1, currency="JPY"), order(1, created_at=later)]
    rollups.fill(orders)
    rollups.run()
    orders.append(order(2))
    rollups.fill(orders)
    assert rollups.run() == {"sales_weekly": 1, "sales_monthly": 1, "customer_cohorts": 3}
    assert rollups.rows() == recomputed(orders)


FIRST = order()


@pytest.mark.parametrize(
    "fate", [replace(FIRST, status="cancelled"), replace(FIRST, op="D")], ids=["cancelled", "gone"]
)
def test_a_first_order_that_no_longer_counts_moves_its_customer_to_a_later_cohort(
    rollups: Rollups, fate: Order
) -> None:
    second = order(created_at=NOON + timedelta(days=62))
    rollups.fill([FIRST, second])
    rollups.run()
    assert [row[:2] for row in rollups.rows()["customer_cohorts"]] == [
        (date(2026, 11, 1), 0),
        (date(2026, 11, 1), 2),
    ]
    rollups.fill([fate, second])
    rollups.run()
    cohorts = rollups.rows()["customer_cohorts"]
    assert cohorts == [(date(2027, 1, 1), 0, "USD", 1, 1, Decimal(10), 1)]
    assert rollups.broken() == []


ORDERED = [order(1), order(2, currency="JPY"), order(1, created_at=NOON + timedelta(days=31))]


def test_the_next_run_mends_rows_that_are_wrong_missing_or_too_many(rollups: Rollups) -> None:
    rollups.fill(ORDERED)
    rollups.run()
    for damage in (
        "UPDATE sales_weekly SET net_revenue = 0 WHERE TRUE",
        "DELETE FROM sales_monthly WHERE TRUE",
        "UPDATE customer_cohorts SET months_since = months_since + 1 WHERE TRUE",
    ):
        rollups.client.query_and_wait(damage)
    rollups.run()
    assert rollups.rows() == recomputed(ORDERED)


def test_days_published_from_postgres_roll_up_with_what_became_of_their_orders(
    shop: Shop, next_day: Callable[[], date], rollups: Rollups
) -> None:
    refunded, cancelled, deleted, moved = (
        shop.order(customer_id=customer, created_at=NOON - timedelta(days=40 * customer))
        for customer in (1, 2, 3, 4)
    )
    shop.load(next_day())
    rollups.run()
    assert rollups.rows() == recomputed(in_postgres(shop))
    shop.sql("UPDATE orders SET status = 'refunded' WHERE id = :id", id=refunded)
    shop.sql("UPDATE orders SET status = 'cancelled' WHERE id = :id", id=cancelled)
    shop.sql("DELETE FROM orders WHERE id = :id", id=deleted)
    shop.sql("UPDATE orders SET region = 'us-east', customer_id = 1 WHERE id = :id", id=moved)
    shop.order(customer_id=2, currency="JPY")
    shop.load(next_day())
    rollups.run()
    assert rollups.rows() == recomputed(in_postgres(shop))
    assert [len(rows) for rows in rollups.rows().values()] == [3, 3, 3]
    assert rollups.broken() == []


def in_postgres(shop: Shop) -> list[Order]:
    columns = "customer_id, created_at, region, currency, total_cents, status"
    with shop.engine.connect() as connection:
        return [Order(*row) for row in connection.execute(text(f"SELECT {columns} FROM orders"))]
