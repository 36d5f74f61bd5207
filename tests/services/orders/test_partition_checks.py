"""Where the default partition has changes, it is looked through first, and changes go on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, Engine, text

from orders.migrate import downgrade
from tally_testing.partitions import (
    INSERT,
    NOW,
    PARTITION,
    change,
    check,
    checked,
    fences,
    made,
    make,
    partitions,
    set_clock,
)

FENCE = "order_changes_without_2041_12"
IMPLIED = 'default partition "order_changes_default" is implied by existing constraints'


@pytest.fixture(autouse=True)
def changes(engine: Engine) -> None:
    set_clock(engine, NOW)
    assert change(engine) == "order_changes_default"


@pytest.fixture
def other(engine: Engine) -> Iterator[Connection]:
    """Somebody else's connection."""
    with engine.connect() as connection:
        yield connection


def changes_go_on(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '1ms'"))
        connection.execute(text(INSERT))


def test_in_three_steps_it_is_made_and_leaves_nothing_else(engine: Engine) -> None:
    assert made(engine) == "unchecked"
    assert fences(engine) == {FENCE: False}
    assert checked(engine) == "checked"
    assert made(engine) == "made"
    assert fences(engine) == {}
    set_clock(engine, datetime(2041, 12, 1, tzinfo=UTC))
    assert change(engine) == PARTITION


def test_changes_do_not_wait_for_the_looking_through(engine: Engine, other: Connection) -> None:
    assert made(engine) == "unchecked"
    assert check(other) == "checked"
    changes_go_on(engine)
    other.commit()


def test_once_it_is_looked_through_it_is_not_again(engine: Engine, other: Connection) -> None:
    assert made(engine) == "unchecked"
    assert checked(engine) == "checked"
    other.execute(text("SET LOCAL client_min_messages = debug1"))
    assert make(other) == "made"
    notices = other.connection.driver_connection.notices  # type: ignore[union-attr]  # pg8000's
    assert any(IMPLIED in notice[b"M"].decode() for notice in notices)


def test_a_run_that_ended_anywhere_is_gone_on_with(engine: Engine) -> None:
    assert made(engine) == "unchecked"
    assert made(engine) == "unchecked"
    assert checked(engine) == "checked"
    assert checked(engine) == "checked"
    changes_go_on(engine)
    assert made(engine) == "made"


@pytest.mark.parametrize("looked_through", [False, True])
def test_what_a_killed_run_left_goes_before_its_month_begins(
    engine: Engine, *, looked_through: bool
) -> None:
    assert made(engine) == "unchecked"
    if looked_through:
        assert checked(engine) == "checked"
    set_clock(engine, datetime(2041, 11, 29, 1, tzinfo=UTC))
    assert made(engine) == "late"
    assert fences(engine) == {}
    set_clock(engine, datetime(2041, 12, 1, tzinfo=UTC))
    assert change(engine) == "order_changes_default"


def test_what_might_stand_when_its_month_begins_is_not_begun(engine: Engine) -> None:
    set_clock(engine, datetime(2041, 11, 29, 1, tzinfo=UTC))
    assert made(engine) == "late"
    assert fences(engine) == {}
    assert made(engine, date(2042, 1, 1)) == "unchecked"


def test_a_month_that_the_default_partition_has_changes_of_stays_there(engine: Engine) -> None:
    set_clock(engine, datetime(2041, 12, 10, tzinfo=UTC))
    assert change(engine) == "order_changes_default"
    set_clock(engine, NOW)
    assert made(engine) == "unchecked"
    assert checked(engine) == "occupied"
    assert fences(engine) == {}
    set_clock(engine, datetime(2041, 12, 11, tzinfo=UTC))
    assert change(engine) == "order_changes_default"
    assert PARTITION not in partitions(engine)


def test_while_somebody_looks_through_it_nobody_else_does(
    engine: Engine, other: Connection
) -> None:
    assert made(engine) == "unchecked"
    assert check(other) == "checked"
    assert checked(engine) == "busy"
    other.commit()
    assert made(engine) == "made"


def test_a_table_that_is_in_its_way_leaves_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {PARTITION} (mine integer)"))
    assert made(engine) == "unchecked"
    assert checked(engine) == "checked"
    assert made(engine) == "taken"
    assert fences(engine) == {}


def test_going_down_leaves_nothing_that_refuses_changes(engine: Engine) -> None:
    assert made(engine) == "unchecked"
    downgrade(engine, "0010")
    assert fences(engine) == {}


def test_the_loader_may_do_all_of_it_and_the_api_nothing(other: Connection) -> None:
    for name in ("make_order_changes_partition", "check_order_changes_default"):
        allowed = text("SELECT has_function_privilege(:role, :name, 'EXECUTE')")
        for role, may in {"tally_loader": True, "tally_api": False}.items():
            assert other.scalar(allowed, {"role": role, "name": f"{name}(date)"}) is may
