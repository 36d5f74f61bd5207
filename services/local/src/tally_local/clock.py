"""The clock of a laptop stack: `tally_now()` replaced, so that a week passes in a minute."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text


class ClockBackwardError(ValueError):
    """The instant lies before something that is stamped already."""


class Clock:
    """Sets the time of a database whose orders are all the stack's own; it keeps ticking.

    Time never goes backward: not before a logged change, a day noted as over, or what this
    clock has shown.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shown: datetime | None = None

    def now(self) -> datetime:
        """Return the database's time, in UTC."""
        with self._engine.connect() as connection:
            return _read(connection, "tally_now()")

    def move_to(self, instant: datetime) -> None:
        """Set the time to `instant` (aware), from where it ticks on.

        Raises:
            ClockBackwardError: Time would go backward; it stays as it is.
        """
        with self._engine.begin() as connection:
            ahead = (instant - _read(connection, "clock_timestamp()")) // timedelta(microseconds=1)
            self._replace(connection, instant, f"clock_timestamp() + interval '{ahead} us'")

    def reset(self) -> None:
        """Return to real time.

        Raises:
            ClockBackwardError: The clock is ahead of real time and has been used there.
        """
        with self._engine.begin() as connection:
            self._replace(connection, _read(connection, "clock_timestamp()"), "clock_timestamp()")

    def _replace(self, connection: Connection, instant: datetime, expression: str) -> None:
        floor = _floor(connection)
        if self._shown is not None:
            floor = max(floor, _read(connection, "tally_now()"))
        if instant < floor:
            raise ClockBackwardError(f"{instant} lies before {floor}, which is stamped already")
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION tally_now() RETURNS timestamptz"
            f" LANGUAGE sql VOLATILE PARALLEL SAFE AS $$ SELECT {expression} $$"
        )
        self._shown = instant


def _floor(connection: Connection) -> datetime:
    """Return the latest instant that the log or a closed day holds."""
    return _read(
        connection,
        "GREATEST((SELECT max(changed_at) FROM order_changes),"
        " (SELECT (max(day) + 1)::timestamp AT TIME ZONE 'UTC' FROM day_closings),"
        " '1990-01-01T00:00:00Z')",
    )


def _read(connection: Connection, expression: str) -> datetime:
    value = connection.scalar(text(f"SELECT {expression}"))
    if not isinstance(value, datetime):
        raise TypeError(f"{expression} is no time: {value!r}")
    return value.astimezone(UTC)
