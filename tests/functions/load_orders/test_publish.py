"""What a published day looks like, whatever happened before and in whichever order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from google.cloud.bigquery import ScalarQueryParameter

from tally_local.errors import UserError
from tally_local.sales import Key, Sales
from tally_testing.shop import DAY, Shop

NextDay = Callable[[], date]
ONE = timedelta(days=1)


def sales(orders: int, gross: str, refunded: str = "0") -> Sales:
    return Sales(orders, Decimal(gross), Decimal(refunded), Decimal(gross) - Decimal(refunded))


def test_a_day_is_published_by_region_and_currency_in_major_units(
    shop: Shop, next_day: NextDay
) -> None:
    shop.order(total_cents=1999, currency="USD", region="us-west")
    shop.order(total_cents=1, currency="USD", region="us-west")
    shop.order(total_cents=1999, currency="JPY", region="ap-south")
    shop.order(total_cents=1999, currency="KWD", region="me-south")
    shop.order(total_cents=1999, currency="CLF", region="us-west")
    shop.order(total_cents=10**15, currency="CLF", region="eu-west")
    shop.order(total_cents=0, currency="EUR", region="eu-west")
    shop.load(next_day())
    assert shop.sales() == {
        Key(DAY, "us-west", "USD"): sales(2, "20"),
        Key(DAY, "ap-south", "JPY"): sales(1, "1999"),
        Key(DAY, "me-south", "KWD"): sales(1, "1.999"),
        Key(DAY, "us-west", "CLF"): sales(1, "0.1999"),
        Key(DAY, "eu-west", "CLF"): sales(1, "100000000000"),
        Key(DAY, "eu-west", "EUR"): sales(1, "0"),
    }
    shop.reconcile()


def test_cancelled_and_deleted_orders_do_not_count_and_refunded_ones_are_subtracted(
    shop: Shop, next_day: NextDay
) -> None:
    kept, refunded, cancelled, deleted = (
        shop.order(total_cents=cents) for cents in (1, 20, 300, 4000)
    )
    shop.load(next_day())
    assert shop.sales() == {Key(DAY, "eu-west", "USD"): sales(4, "43.21")}
    shop.sql("UPDATE orders SET status = 'refunded' WHERE id = :id", id=refunded)
    shop.sql("UPDATE orders SET status = 'cancelled' WHERE id = :id", id=cancelled)
    shop.sql("DELETE FROM orders WHERE id = :id", id=deleted)
    shop.load(next_day())
    assert shop.sales() == {Key(DAY, "eu-west", "USD"): sales(2, "0.21", "0.20")}
    shop.reconcile()
    shop.sql("DELETE FROM orders WHERE id IN (:a, :b)", a=kept, b=refunded)
    shop.load(next_day())
    assert shop.sales() == {}
    shop.reconcile()


def test_a_hand_typed_update_moves_the_sale_to_its_new_region(
    shop: Shop, next_day: NextDay
) -> None:
    shop.order(total_cents=500)
    shop.load(next_day())
    shop.sql("UPDATE orders SET region = 'us-east', total_cents = 700")
    shop.load(next_day())
    assert shop.sales() == {Key(DAY, "us-east", "USD"): sales(1, "7")}
    shop.reconcile()


def test_an_imported_order_counts_on_the_day_it_was_created(shop: Shop, next_day: NextDay) -> None:
    shop.order(total_cents=100, created_at=datetime(1997, 3, 1, 23, 59, 59, 999999, UTC))
    shop.order(total_cents=200, created_at=datetime(1997, 3, 2, tzinfo=UTC))
    load = shop.load(next_day())
    assert load.affected_days == [date(1997, 3, 1), date(1997, 3, 2)]
    assert set(shop.sales()) == {
        Key(date(1997, 3, 1), "eu-west", "USD"),
        Key(date(1997, 3, 2), "eu-west", "USD"),
    }
    shop.reconcile()


def test_loading_and_publishing_again_changes_nothing(shop: Shop, next_day: NextDay) -> None:
    for _ in range(3):
        shop.order()
    day = next_day()
    shop.load(day)
    before = shop.tables()
    again = shop.load(day)
    assert shop.tables() == before
    shop.publish(again)
    assert shop.tables() == before


def test_days_may_be_published_in_any_order(shop: Shop, next_day: NextDay) -> None:
    first, second = shop.order(total_cents=100), shop.order(total_cents=200)
    one = next_day()
    shop.sql("UPDATE orders SET status = 'paid', total_cents = 300 WHERE id = :id", id=first)
    two = next_day()
    shop.sql("DELETE FROM orders WHERE id = :id", id=first)
    shop.sql("UPDATE orders SET status = 'refunded' WHERE id = :id", id=second)
    three = next_day()
    for day in (three, one, two):
        shop.load(day)
    assert shop.sales() == {Key(DAY, "eu-west", "USD"): sales(1, "2", "2")}
    shop.reconcile()
    ahead = shop.tables()
    for day in (one, two, three, two):
        shop.load(day)
    assert shop.tables() == ahead


def test_a_day_without_changes_is_published_empty(shop: Shop, next_day: NextDay) -> None:
    load = shop.load(next_day())
    assert (load.receipt, load.row_count, load.last_change_id, load.job_ids) == (
        "v1:0:0:0",
        0,
        0,
        [],
    )
    assert [row[2] for row in shop.tables()["load_ledger"]] == ["v1:0:0:0"]
    shop.reconcile()


def test_an_open_day_is_published_so_far_and_replaced_when_it_is_closed(
    shop: Shop, next_day: NextDay
) -> None:
    shop.order(total_cents=100)
    assert shop.load(DAY, "open").state == "open"
    assert shop.sales() == {Key(DAY, "eu-west", "USD"): sales(1, "1")}
    shop.reconcile()
    shop.order(total_cents=200)
    # Postgres is ahead of an open day, which is no difference.
    shop.reconcile()
    shop.load(DAY, "open")
    shop.load(next_day())
    assert shop.sales() == {Key(DAY, "eu-west", "USD"): sales(2, "3")}
    assert [row[1] for row in shop.tables()["load_ledger"]] == ["closed"]
    shop.reconcile()


def test_an_equal_open_day_becomes_closed_without_staging_it_again(
    shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    as_open = shop.load(DAY, "open")
    as_closed = shop.load(next_day())
    assert as_closed.load_id == as_open.load_id
    assert [row[1] for row in shop.tables()["load_ledger"]] == ["closed"]


def test_an_older_load_never_replaces_a_later_one(shop: Shop, next_day: NextDay) -> None:
    shop.order()
    early = shop.stage(DAY, "open")
    shop.order()
    shop.load(next_day())
    before = shop.tables()
    with pytest.raises(UserError, match="a later load of this day is already published"):
        shop.publish(early)
    assert shop.tables() == before


def test_rows_that_do_not_prove_the_receipt_are_not_published(
    shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    load = shop.stage(next_day())
    stage = "UPDATE orders_stage SET total_cents = total_cents + 1 WHERE load_id = @load_id"
    load_id = ScalarQueryParameter("load_id", "STRING", load.load_id)
    shop.parts.warehouse.rows(stage, load_id)
    with pytest.raises(UserError, match="not the rows that Postgres gave a receipt for"):
        shop.publish(load)
    assert shop.tables()["orders_raw"] == []
    again = shop.load(DAY)
    assert again.load_id != load.load_id
    shop.reconcile()


def test_rows_of_another_day_are_not_published_under_this_one(
    shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    load = shop.stage(next_day())
    with pytest.raises(UserError, match="of another day"):
        shop.publish(replace(load, day=DAY - ONE))
    with pytest.raises(UserError, match="not in affected_days"):
        shop.publish(replace(load, affected_days=[]))


def test_more_days_than_one_job_may_change_are_refused(shop: Shop, next_day: NextDay) -> None:
    shop.order()
    load = shop.stage(next_day())
    many = [date(1990, 1, 1) + ONE * number for number in range(4001)]
    with pytest.raises(UserError, match="more than 4000 days"):
        shop.publish(replace(load, affected_days=many))


def test_publishing_mends_a_partition_that_was_damaged(shop: Shop, next_day: NextDay) -> None:
    shop.order()
    day = next_day()
    shop.load(day)
    before = shop.tables()
    shop.parts.warehouse.rows("DELETE FROM orders_raw WHERE DATE(ingested_at) = '2026-11-10'")
    assert shop.tables() != before
    shop.load(day)
    assert shop.tables() == before
