"""Staging: deterministic, provable, and never in the way of the next try."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from load_orders.load import load_day
from load_orders.stage import Stage, Warehouse, in_time
from orders.problems import BadGateway
from tally_testing.shop import DAY, Shop

NextDay = Callable[[], date]
FIFTY_ORDERS = (
    "INSERT INTO orders (customer_id, total_cents) SELECT g, g FROM generate_series(1, 50) AS g"
)


def staged(shop: Shop, load_id: str) -> int:
    query = "SELECT COUNT(*) FROM orders_stage WHERE load_id = @load_id"
    parameter = bigquery.ScalarQueryParameter("load_id", "STRING", load_id)
    return int(shop.parts.warehouse.rows(query, parameter)[0][0])


def in_chunks(shop: Shop, day: date, chunk_bytes: int) -> list[str]:
    settings = shop.parts.settings.model_copy(update={"load_chunk_bytes": chunk_bytes})
    load = load_day(shop.parts.engine, shop.parts.warehouse, settings, day=day, mode="closed")
    return load.job_ids


def test_a_day_that_has_not_changed_is_the_same_load(shop: Shop, next_day: NextDay) -> None:
    shop.order()
    day = next_day()
    first, second = shop.stage(day), shop.stage(day)
    assert replace(second, extracted_at=first.extracted_at) == first
    assert staged(shop, first.load_id) == 1


def test_ids_say_what_they_are_of(shop: Shop, next_day: NextDay) -> None:
    shop.order()
    load = shop.stage(next_day())
    assert load.load_id.startswith("20261110-1-")
    assert load.load_id.endswith("-0")
    assert load.job_ids == [f"{shop.endpoints.dataset}-{load.load_id}-ndjson-00000"]


def test_a_large_day_is_staged_in_chunks(shop: Shop, next_day: NextDay) -> None:
    shop.sql(
        "INSERT INTO orders (customer_id, total_cents) SELECT g, g FROM generate_series(1, 50) g"
    )
    job_ids = in_chunks(shop, next_day(), 5000)
    assert len(job_ids) > 3
    shop.load(DAY)
    shop.reconcile()


def test_jobs_that_an_earlier_try_began_are_found_again(shop: Shop, next_day: NextDay) -> None:
    shop.sql(
        "INSERT INTO orders (customer_id, total_cents) SELECT g, g FROM generate_series(1, 50) g"
    )
    day = next_day()
    job_ids = in_chunks(shop, day, 5000)
    # Even with another size of chunks.
    assert in_chunks(shop, day, 10**6) == job_ids


def test_a_load_that_was_killed_half_way_is_staged_anew(shop: Shop, next_day: NextDay) -> None:
    shop.sql(
        "INSERT INTO orders (customer_id, total_cents) SELECT g, g FROM generate_series(1, 50) g"
    )
    whole = shop.stage(day := next_day())
    shop.parts.warehouse.rows("DELETE FROM orders_stage WHERE order_id > 25")
    assert staged(shop, whole.load_id) < 50
    anew = shop.load(day)
    assert anew.load_id == whole.load_id.removesuffix("0") + "1"
    assert staged(shop, anew.load_id) == 50
    shop.reconcile()


def test_a_load_that_has_expired_is_staged_anew(shop: Shop, next_day: NextDay) -> None:
    shop.order()
    expired = shop.stage(day := next_day())
    shop.parts.warehouse.rows("DELETE FROM orders_stage WHERE TRUE")
    assert shop.load(day).load_id != expired.load_id
    shop.reconcile()


def test_an_id_that_a_failed_job_has_burned_is_left_behind(shop: Shop, next_day: NextDay) -> None:
    shop.order()
    day = next_day()
    first = shop.stage(day).load_id
    shop.parts.warehouse.rows("DELETE FROM orders_stage WHERE TRUE")
    second = Stage(shop.parts.warehouse, first.removesuffix("0") + "1")
    second.submit(b'{"load_id": "no change at all"}\n')
    with pytest.raises(BadRequest):
        second.wait()
    assert shop.load(day).load_id == first.removesuffix("0") + "2"
    shop.reconcile()


def test_an_empty_receipt_needs_no_job(shop: Shop, next_day: NextDay) -> None:
    assert shop.stage(next_day()).job_ids == []


def test_a_day_can_be_loaded_however_often_its_stage_has_expired(
    shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    day = next_day()
    for generation in range(5):
        assert shop.stage(day).load_id.endswith(f"-{generation}")
        shop.parts.warehouse.rows("DELETE FROM orders_stage WHERE TRUE")


class Leaky(Warehouse):
    """A dataset that says of every load that nothing has arrived."""

    def rows(self, query: str, *parameters: bigquery.ScalarQueryParameter) -> list[Any]:
        empty = query.replace("load_id = @load_id", "FALSE AND load_id = @load_id")
        return super().rows(empty, *parameters)


def test_when_nothing_arrives_whole_the_caller_is_told(shop: Shop, next_day: NextDay) -> None:
    shop.order()
    real = shop.parts.warehouse
    leaky = Leaky(real.client, shop.endpoints.dataset, real.timeout_s)
    with pytest.raises(BadGateway, match="did not arrive whole"):
        load_day(shop.parts.engine, leaky, shop.parts.settings, day=next_day(), mode="closed")


def test_a_call_that_takes_too_long_is_bigquerys_fault_not_postgress() -> None:
    with (
        pytest.raises(BadGateway, match="load job x is not done after 3 s"),
        in_time("load job x", 3),
    ):
        raise TimeoutError


def test_values_arrive_as_they_are(shop: Shop, next_day: NextDay) -> None:
    text = 'tab\t newline\n quote " backslash \\ comma , \u2028 ü 🧾 \x7f'
    shop.order(
        customer_id=2**63 - 1,
        total_cents=10**15,
        changed_by=text,
        trace_id="",
        metadata='{"note": "a\\tb \\"c\\" \\u2028", "n": 1.50, "big": 12345678901234567890}',
    )
    shop.load(next_day())
    row = shop.parts.warehouse.rows("SELECT * FROM orders")[0]
    assert (row.customer_id, row.total_cents) == (2**63 - 1, 10**15)
    assert (row.changed_by, row.trace_id) == (text, "")
    with shop.engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT metadata::text FROM orders").scalar_one()
    assert row.metadata == stored
    shop.reconcile()


def test_a_snapshot_may_be_idle_while_bigquery_works(shop: Shop) -> None:
    with shop.parts.engine.connect() as connection:
        shown = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout")
        assert shown.scalar_one() == "1h"
