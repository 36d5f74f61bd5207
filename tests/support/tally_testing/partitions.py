"""Partitions of the change log, in years when the migration has made none."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, text

NOW: Final = datetime(2041, 11, 20, 12, tzinfo=UTC)
MONTH: Final = date(2041, 12, 1)
PARTITION: Final = "order_changes_2041_12"
INSERT: Final = "INSERT INTO orders (customer_id, total_cents) VALUES (1, 100)"
_NAMES: Final = (
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'order_changes'::regclass"
)

_FENCES: Final = (
    "SELECT conname, convalidated FROM pg_constraint"
    " WHERE conrelid = 'order_changes_default'::regclass AND conname LIKE '%without%'"
)


def set_clock(engine: Engine, instant: datetime) -> None:
    ahead = (instant - datetime.now(UTC)) // timedelta(microseconds=1)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION tally_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
            f" AS $$ SELECT clock_timestamp() + interval '{ahead} us' $$"
        )


def make(connection: Connection, month: object = MONTH) -> str:
    statement = text("SELECT make_order_changes_partition(CAST(:month AS date))")
    return str(connection.scalar(statement, {"month": month}))


def check(connection: Connection, month: object = MONTH) -> str:
    statement = text("SELECT check_order_changes_default(CAST(:month AS date))")
    return str(connection.scalar(statement, {"month": month}))


def made(engine: Engine, month: object = MONTH) -> str:
    """Make a partition; return what Postgres says of its first step."""
    with engine.begin() as connection:
        return make(connection, month)


def checked(engine: Engine, month: object = MONTH) -> str:
    """Look through the default partition; return what Postgres says of it."""
    with engine.begin() as connection:
        return check(connection, month)


def fences(engine: Engine) -> dict[str, bool]:
    """Return what keeps months out of the default partition, and whether it is valid."""
    with engine.connect() as connection:
        return {row.conname: row.convalidated for row in connection.execute(text(_FENCES))}


def partitions(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text(_NAMES)).scalars())


def change(engine: Engine) -> str:
    """Make a change; return the partition that it went into."""
    with engine.begin() as connection:
        connection.execute(text(INSERT))
        newest = (
            "SELECT tableoid::regclass::text FROM order_changes ORDER BY change_id DESC LIMIT 1"
        )
        return str(connection.scalar(text(newest)))
