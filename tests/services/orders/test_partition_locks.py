"""A partition is made while changes go on: none of them fails for it, and few wait."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from threading import Thread

import pytest
from sqlalchemy import Connection, Engine, text

from tally_testing.partitions import (
    INSERT,
    NOW,
    PARTITION,
    change,
    made,
    make,
    partitions,
    set_clock,
)
from tally_testing.waiting import wait_until


@pytest.fixture
def clock(engine: Engine) -> None:
    set_clock(engine, NOW)


@pytest.fixture
def other(engine: Engine) -> Iterator[Connection]:
    """Somebody else's connection."""
    with engine.connect() as connection:
        yield connection


@pytest.mark.usefixtures("clock")
def test_it_gives_up_while_somebody_reads_the_default_partition(
    engine: Engine, other: Connection
) -> None:
    other.execute(text("SELECT count(*) FROM order_changes"))
    assert made(engine) == "busy"
    assert PARTITION not in partitions(engine)
    other.rollback()
    assert made(engine) == "made"


@pytest.mark.usefixtures("clock")
def test_of_two_at_once_one_makes_it(engine: Engine, other: Connection) -> None:
    assert make(other) == "made"
    assert made(engine) == "busy"
    other.commit()
    assert made(engine) == "there"


@pytest.mark.usefixtures("clock")
def test_killed_in_the_middle_it_leaves_nothing_and_can_be_repeated(
    engine: Engine, other: Connection
) -> None:
    pid = other.scalar(text("SELECT pg_backend_pid()"))
    assert make(other) == "made"
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid})
    other.invalidate()
    assert PARTITION not in partitions(engine)
    assert made(engine) == "made"


@pytest.mark.usefixtures("clock")
def test_changes_of_a_month_that_has_its_partition_do_not_wait(
    engine: Engine, other: Connection
) -> None:
    assert made(engine, date(2041, 11, 1)) == "made"
    assert make(other) == "made"
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '1ms'"))
        connection.execute(text(INSERT))
        connection.execute(text("UPDATE orders SET status = 'paid'"))
        connection.execute(text("DELETE FROM orders"))
    other.commit()


@pytest.mark.usefixtures("clock")
def test_a_change_on_its_way_into_the_default_partition_gets_there(
    engine: Engine, other: Connection
) -> None:
    other.execute(text(INSERT))
    # It holds the default partition, so this one gives up; it would wait for half a second.
    assert made(engine) == "busy"
    other.commit()
    assert made(engine) == "unchecked"


def waits(engine: Engine) -> bool:
    query = text(
        "SELECT count(*) > 0 FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with engine.connect() as connection:
        return bool(connection.scalar(query))


def test_a_month_that_begins_while_its_partition_is_made_loses_no_change(
    engine: Engine, other: Connection
) -> None:
    before_midnight = datetime(2041, 11, 30, 23, 59, 59, tzinfo=UTC)
    set_clock(engine, before_midnight)
    assert make(other) == "made"
    went: list[str] = []
    with engine.connect() as connection:
        now = text("SELECT tally_now()")
        wait_until(lambda: connection.scalar(now) >= datetime(2041, 12, 1, tzinfo=UTC), "midnight")
    changing = Thread(target=lambda: went.append(change(engine)))
    changing.start()
    wait_until(lambda: waits(engine), "the change waits")
    other.commit()
    changing.join(timeout=120)
    assert went == [PARTITION]
