"""Closing a day: no change is ever lost, whoever makes it and however late it commits."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from load_orders.closing import final_snapshot
from orders.problems import BadRequest, Conflict
from tally_local.clock import Clock
from tally_testing.prepared import roll_back_prepared
from tally_testing.scratch import outside_transactions

DAY = date(2026, 11, 10)
BEFORE_MIDNIGHT = datetime(2026, 11, 10, 23, 59, 59, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 11, 11, 0, 0, 5, tzinfo=UTC)
INSERT = text("INSERT INTO orders (customer_id, total_cents) VALUES (1, 100)")


@pytest.fixture
def clock(engine: Engine) -> Clock:
    clock = Clock(engine)
    clock.move_to(BEFORE_MIDNIGHT)
    return clock


@pytest.fixture
def late(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


# Transactions of other tests on the same server are waited for, too.
PATIENT = 60


def changes(engine: Engine, day: date, mode: str = "closed", wait_s: float = PATIENT) -> list[int]:
    with final_snapshot(engine, day, mode, wait_s) as snapshot:
        query = (
            "SELECT order_id FROM order_changes WHERE (changed_at AT TIME ZONE 'UTC')::date = :day"
            " AND change_id <= COALESCE(:up_to, 9223372036854775807) ORDER BY 1"
        )
        rows = snapshot.connection.execute(text(query), {"day": day, "up_to": snapshot.up_to})
        return list(rows.scalars())


def test_a_change_made_before_midnight_and_committed_after_it_is_waited_for(
    engine: Engine, clock: Clock, late: Connection
) -> None:
    late.execute(INSERT)
    clock.move_to(AFTER_MIDNIGHT)
    with pytest.raises(Conflict) as caught:
        changes(engine, DAY, wait_s=0)
    assert caught.value.slug == "day-not-closed"
    assert caught.value.extra["waits_for"][0]["kind"] == "session"
    assert caught.value.headers["Retry-After"]
    late.commit()
    assert len(changes(engine, DAY)) == 1


def test_a_change_that_is_rolled_back_after_midnight_is_waited_for_and_is_not_there(
    engine: Engine, clock: Clock, late: Connection
) -> None:
    late.execute(INSERT)
    clock.move_to(AFTER_MIDNIGHT)
    with pytest.raises(Conflict):
        changes(engine, DAY, wait_s=0)
    late.rollback()
    assert changes(engine, DAY) == []


@pytest.fixture
def gid(database_url: str) -> Iterator[str]:
    """A name for a prepared transaction; it is rolled back if the test leaves it."""
    yield f"late-payment-{uuid4().hex}"
    roll_back_prepared(database_url)


def test_a_prepared_transaction_is_waited_for(
    database_url: str, engine: Engine, clock: Clock, late: Connection, gid: str
) -> None:
    late.execute(INSERT)
    late.execute(text(f"PREPARE TRANSACTION '{gid}'"))
    late.rollback()
    clock.move_to(AFTER_MIDNIGHT)
    with pytest.raises(Conflict) as caught:
        changes(engine, DAY, wait_s=0)
    assert ("prepared", gid) in {
        (one["kind"], one["name"]) for one in caught.value.extra["waits_for"]
    }
    with outside_transactions(database_url) as connection:
        connection.execute(text(f"COMMIT PREPARED '{gid}'"))
    assert len(changes(engine, DAY)) == 1


def test_a_change_of_another_role_is_waited_for(
    engine: Engine, clock: Clock, late: Connection
) -> None:
    late.execute(text("SET ROLE tally_api"))
    late.execute(INSERT)
    clock.move_to(AFTER_MIDNIGHT)
    with pytest.raises(Conflict):
        changes(engine, DAY, wait_s=0)
    late.commit()
    assert len(changes(engine, DAY)) == 1


def test_a_transaction_that_begins_after_the_day_was_noted_does_not_hold_it_open(
    engine: Engine, clock: Clock, late: Connection
) -> None:
    clock.move_to(AFTER_MIDNIGHT)
    assert changes(engine, DAY) == []
    late.execute(INSERT)
    assert changes(engine, DAY) == []
    late.commit()
    assert changes(engine, DAY) == []
    assert len(changes(engine, DAY + timedelta(days=1), mode="open")) == 1


def test_an_open_day_holds_what_is_final_and_waits_for_what_is_not(
    engine: Engine, clock: Clock, late: Connection
) -> None:
    assert clock.now() < AFTER_MIDNIGHT
    with engine.begin() as connection:
        connection.execute(INSERT)
    assert len(changes(engine, DAY, mode="open")) == 1
    late.execute(INSERT)
    with engine.begin() as connection:
        connection.execute(INSERT)
    with pytest.raises(Conflict):
        changes(engine, DAY, mode="open", wait_s=0)
    late.commit()
    assert len(changes(engine, DAY, mode="open")) == 3


def test_in_mode_open_a_day_that_is_over_is_closed(engine: Engine, clock: Clock) -> None:
    clock.move_to(AFTER_MIDNIGHT)
    with final_snapshot(engine, DAY, "open", PATIENT) as snapshot:
        assert (snapshot.state, snapshot.up_to) == ("closed", None)


def test_a_day_that_is_not_over_is_refused_in_mode_closed(engine: Engine, clock: Clock) -> None:
    with pytest.raises(Conflict) as caught:
        changes(engine, clock.now().date())
    assert caught.value.extra["ends"] == "2026-11-11T00:00:00+00:00"


@pytest.mark.parametrize("mode", ["closed", "open"])
@pytest.mark.parametrize("day", [DAY + timedelta(days=1), date(1989, 12, 31), date.max])
def test_a_day_that_cannot_be_is_refused(
    engine: Engine, clock: Clock, day: date, mode: str
) -> None:
    assert clock.now().date() == DAY
    with pytest.raises(BadRequest):
        changes(engine, day, mode)


def test_the_first_transaction_id_noted_for_a_day_stays(engine: Engine, clock: Clock) -> None:
    clock.move_to(AFTER_MIDNIGHT)
    changes(engine, DAY)
    noted = "SELECT closing_xid::text FROM day_closings"
    with engine.connect() as connection:
        first = connection.scalar(text(noted))
        connection.rollback()
        changes(engine, DAY)
        assert connection.scalar(text(noted)) == first


def test_a_transaction_id_from_before_a_restore_into_a_new_server_is_taken_anew(
    engine: Engine, clock: Clock
) -> None:
    clock.move_to(AFTER_MIDNIGHT)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE day_closings DISABLE TRIGGER day_closings_guard"))
        connection.execute(
            text("INSERT INTO day_closings (day, closing_xid) VALUES (:day, '999999999999')"),
            {"day": DAY},
        )
        connection.execute(
            text("ALTER TABLE day_closings ENABLE ALWAYS TRIGGER day_closings_guard")
        )
    assert changes(engine, DAY) == []


def test_a_day_noted_by_a_caller_that_was_killed_is_closed_by_the_next(
    engine: Engine, clock: Clock
) -> None:
    clock.move_to(AFTER_MIDNIGHT)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO day_closings (day) VALUES (:day)"), {"day": DAY})
    assert changes(engine, DAY) == []


def test_waiting_ends_as_soon_as_the_transaction_does(
    engine: Engine, clock: Clock, late: Connection
) -> None:
    # The transaction that is waited for ends by Postgres's own clock, while the load waits.
    late.execute(text("SET LOCAL idle_in_transaction_session_timeout = '500ms'"))
    late.execute(INSERT)
    clock.move_to(AFTER_MIDNIGHT)
    assert changes(engine, DAY) == []
    late.invalidate()
