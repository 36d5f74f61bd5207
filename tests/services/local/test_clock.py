"""The moved clock: it ticks, it stamps everything, and it never goes back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from tally_local.clock import Clock, ClockBackwardError

LAST_WEEK = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=7)
MINUTE = timedelta(minutes=1)


def order_stamps(engine: Engine) -> list[datetime]:
    with engine.begin() as connection:
        return list(
            connection.execute(
                text(
                    "INSERT INTO orders (customer_id, total_cents) VALUES (1, 1)"
                    " RETURNING created_at, updated_at"
                )
            ).one()
        )


def test_a_moved_clock_ticks_on_from_the_instant(engine: Engine) -> None:
    clock = Clock(engine)
    clock.move_to(LAST_WEEK)
    first, second = clock.now(), clock.now()
    assert LAST_WEEK < first < second < LAST_WEEK + MINUTE


def test_everything_that_postgres_stamps_follows_it(engine: Engine) -> None:
    Clock(engine).move_to(LAST_WEEK)
    stamps = order_stamps(engine)
    with engine.connect() as connection:
        stamps.append(connection.scalar(text("SELECT changed_at FROM order_changes")))
    assert all(LAST_WEEK < stamp < LAST_WEEK + MINUTE for stamp in stamps)


def test_sessions_that_were_open_before_follow_it_too(engine: Engine) -> None:
    with engine.connect() as other:
        assert other.scalar(text("SELECT tally_now()")) > LAST_WEEK + MINUTE
        other.rollback()
        Clock(engine).move_to(LAST_WEEK)
        assert other.scalar(text("SELECT tally_now()")) < LAST_WEEK + MINUTE


def test_reset_returns_to_real_time(engine: Engine) -> None:
    clock = Clock(engine)
    clock.move_to(LAST_WEEK)
    before = datetime.now(UTC)
    clock.reset()
    assert abs(clock.now() - before) < MINUTE


def test_it_does_not_go_back_behind_what_it_showed(engine: Engine) -> None:
    clock = Clock(engine)
    clock.move_to(LAST_WEEK)
    with pytest.raises(ClockBackwardError):
        clock.move_to(LAST_WEEK - MINUTE)
    assert clock.now() > LAST_WEEK


def test_it_does_not_go_back_behind_a_logged_change(engine: Engine) -> None:
    order_stamps(engine)
    with pytest.raises(ClockBackwardError):
        Clock(engine).move_to(LAST_WEEK)


def test_it_does_not_go_back_into_a_day_that_is_noted_as_over(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO day_closings (day) VALUES (:day)"), {"day": LAST_WEEK.date()}
        )
    with pytest.raises(ClockBackwardError):
        Clock(engine).move_to(LAST_WEEK + MINUTE)
    Clock(engine).move_to(LAST_WEEK + timedelta(days=1))


def test_a_clock_that_was_used_ahead_of_time_cannot_be_reset(engine: Engine) -> None:
    clock = Clock(engine)
    clock.move_to(datetime.now(UTC) + timedelta(days=2))
    order_stamps(engine)
    with pytest.raises(ClockBackwardError):
        clock.reset()
