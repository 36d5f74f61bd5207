"""Partitions of the months to come: made where they can be, and named where they cannot."""

import logging
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, text

from load_orders.closing import final_snapshot
from load_orders.partitions import make_partitions
from load_orders.receipt import changes_of, postgres_receipt
from orders.problems import Unavailable
from tally_local.clock import Clock
from tally_testing.partitions import NOW, change, fences, partitions, set_clock

NAMES = ["order_changes_2041_12", "order_changes_2042_01", "order_changes_2042_02"]


@pytest.fixture
def clock(engine: Engine) -> Clock:
    clock = Clock(engine)
    clock.move_to(NOW)
    return clock


def test_changes_of_the_month_to_come_go_into_its_partition(engine: Engine, clock: Clock) -> None:
    assert make_partitions(engine) == {"made": NAMES, "skipped": []}
    assert make_partitions(engine) == {"made": [], "skipped": []}
    assert change(engine) == "order_changes_default"
    clock.move_to(datetime(2041, 12, 1, tzinfo=UTC))
    assert change(engine) == NAMES[0]
    assert make_partitions(engine) == {"made": ["order_changes_2042_03"], "skipped": []}


@pytest.mark.parametrize("clock_at", [datetime(2041, 12, 31, 23, 30, tzinfo=UTC)])
def test_months_count_from_this_one_in_utc(
    engine: Engine, clock: Clock, clock_at: datetime
) -> None:
    clock.move_to(clock_at)
    assert make_partitions(engine)["made"] == [*NAMES[1:], "order_changes_2042_03"]


@pytest.mark.usefixtures("clock")
def test_while_somebody_reads_all_of_the_log_they_are_left_for_the_next_run(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM order_changes"))
        skipped = make_partitions(engine)["skipped"]
        assert [one["partition"] for one in skipped] == NAMES
        assert "is in use" in skipped[0]["reason"]
    logged = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert logged == [
        f"the partition {one['partition']} is not made: {one['reason']}" for one in skipped
    ]
    assert make_partitions(engine)["made"] == NAMES


def test_in_the_last_week_of_a_month_the_next_one_must_be_there(
    engine: Engine, clock: Clock
) -> None:
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM order_changes"))
        clock.move_to(datetime(2041, 11, 23, 23, tzinfo=UTC))
        assert len(make_partitions(engine)["skipped"]) == 3
        clock.move_to(datetime(2041, 11, 24, tzinfo=UTC))
        with pytest.raises(Unavailable, match=r"^order_changes_2041_12 is not made: .* in use;"):
            make_partitions(engine)
    assert make_partitions(engine)["made"] == NAMES
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM order_changes"))
        assert make_partitions(engine) == {"made": [], "skipped": []}


def test_what_nobody_can_make_is_named_and_no_failure(engine: Engine) -> None:
    set_clock(engine, datetime(2041, 12, 10, tzinfo=UTC))
    change(engine)
    set_clock(engine, datetime(2041, 11, 25, tzinfo=UTC))
    answer = make_partitions(engine)
    assert answer["made"] == NAMES[1:]
    assert "has changes of this month" in answer["skipped"][0]["reason"]


@pytest.mark.usefixtures("clock")
def test_a_default_partition_with_changes_is_looked_through_first(engine: Engine) -> None:
    assert change(engine) == "order_changes_default"
    assert make_partitions(engine) == {"made": NAMES, "skipped": []}
    assert set(NAMES) <= partitions(engine)
    assert fences(engine) == {}


def test_a_load_that_goes_on_does_not_keep_them_from_being_made(
    engine: Engine, clock: Clock
) -> None:
    make_partitions(engine)
    clock.move_to(datetime(2041, 12, 10, 23, tzinfo=UTC))
    change(engine)
    clock.move_to(datetime(2041, 12, 11, 2, tzinfo=UTC))
    day = date(2041, 12, 10)
    with final_snapshot(engine, day, "closed", 60) as snapshot:
        receipt = postgres_receipt(changes_of(day))
        assert str(snapshot.connection.exec_driver_sql(receipt).one().receipt).startswith("v1:1:")
        assert make_partitions(engine)["made"] == ["order_changes_2042_03"]


@pytest.mark.usefixtures("clock")
def test_what_takes_too_long_is_given_up(engine: Engine) -> None:
    change(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION check_order_changes_default(month date) RETURNS text"
                " LANGUAGE sql AS $$ SELECT 'checked' FROM pg_sleep(600) $$"
            )
        )
    skipped = make_partitions(engine, check_ms=50)["skipped"]
    assert [one["partition"] for one in skipped] == NAMES
    assert "takes too long" in skipped[0]["reason"]
