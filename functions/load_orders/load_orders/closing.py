"""When a day is closed: nothing can be written into it any more, and a snapshot holds it all.

Transaction ids belong to the whole server: transactions of its other databases are waited for, too.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, text

from orders.finality import last_change_id, snapshot_xmin, transaction_id
from orders.problems import BadRequest, Conflict

_POLL_S: Final = 0.2
FIRST_DAY: Final = date(1990, 1, 1)


class Snapshot(NamedTuple):
    """A snapshot of Postgres in which the changes of a day are final.

    Attributes:
        connection: In a REPEATABLE READ transaction that writes nothing.
        state: `closed`, the whole day, or `open`, the day so far.
        up_to: For an open day the highest change_id that is final; None for a closed one.
        taken_at: By the clock of Postgres, in UTC.
    """

    connection: Connection
    state: str
    up_to: int | None
    taken_at: datetime


@contextmanager
def final_snapshot(engine: Engine, day: date, mode: str, wait_s: float) -> Iterator[Snapshot]:
    """Yield a snapshot in which the day is closed or, in mode `open`, final so far.

    A day that is over is closed in both modes.

    Raises:
        BadRequest: The day lies in the future, or before orders are accepted.
        Conflict: The day is not over (mode `closed`), or a transaction that may still write
            into it has not ended within `wait_s` seconds.
    """
    with engine.connect() as connection:
        today = _today(connection)
        _check(day, today, mode)
        connection.rollback()
        if day < today:
            state, up_to, xid = "closed", None, _closing_xid(connection, day)
        else:
            state, up_to = "open", last_change_id(connection)
            connection.rollback()
            xid = transaction_id(connection)
            connection.commit()
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        _wait_until_over(connection, xid, time.monotonic() + wait_s)
        taken_at = connection.scalar(text("SELECT tally_now()"))
        yield Snapshot(connection, state, up_to, taken_at)


def _today(connection: Connection) -> date:
    now: datetime = connection.execute(text("SELECT tally_now()")).scalar_one()
    return now.astimezone(UTC).date()


def _check(day: date, today: date, mode: str) -> None:
    if day > today:
        raise BadRequest(f"{day} lies in the future: today is {today} UTC", slug="future-day")
    if day < FIRST_DAY:
        raise BadRequest(f"{day} lies before {FIRST_DAY}, when no order can be", slug="bad-day")
    if day == today and mode == "closed":
        ends = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        raise _not_closed(day, f"the day, which ends at {ends.isoformat()}", ends=ends.isoformat())


def _closing_xid(connection: Connection, day: date) -> int:
    """Note the day as over, then take the transaction id that closes it; the first one stays.

    Committed one after the other: whoever writes with a higher id can see the note, so even a
    clock that steps back does not lead into the day. A trigger takes the id, and takes it anew
    when it lies in the server's future, as it does after a restore into a new server.
    """
    note = "INSERT INTO day_closings (day) VALUES (:day) ON CONFLICT DO NOTHING"
    connection.execute(text(note), {"day": day})
    connection.commit()
    connection.execute(text("UPDATE day_closings SET day = day WHERE day = :day"), {"day": day})
    connection.commit()
    read = "SELECT closing_xid::text FROM day_closings WHERE day = :day"
    xid = int(connection.execute(text(read), {"day": day}).scalar_one())
    connection.rollback()
    return xid


def _wait_until_over(connection: Connection, xid: int, deadline: float) -> None:
    """Leave the connection in a snapshot in which no transaction below `xid` runs."""
    while snapshot_xmin(connection) < xid:
        if time.monotonic() >= deadline:
            waiting = _open_transactions(connection)
            connection.rollback()
            raise _not_closed(None, "transactions that began before it ended", waits_for=waiting)
        connection.rollback()
        time.sleep(_POLL_S)


def _open_transactions(connection: Connection) -> list[dict[str, Any]]:
    """List the oldest transactions that have written, as far as the role may see them."""
    query = """
        SELECT kind, name, db_user, round(extract(epoch FROM clock_timestamp() - began))::int
        FROM (
            SELECT 'session' AS kind, pid::text AS name, usename::text AS db_user,
                xact_start AS began, age(backend_xid) AS transactions_ago
            FROM pg_stat_activity WHERE backend_xid IS NOT NULL
            UNION ALL
            SELECT 'prepared', gid, owner::text, prepared, age(transaction)
            FROM pg_prepared_xacts
        ) AS open_transactions ORDER BY transactions_ago DESC LIMIT 5
    """
    keys = ("kind", "name", "db_user", "age_s")
    return [dict(zip(keys, row, strict=True)) for row in connection.execute(text(query))]


def _not_closed(day: date | None, what: str, **extra: Any) -> Conflict:
    subject = "the day" if day is None else str(day)
    return Conflict(
        f"{subject} is not closed yet; waiting for {what}",
        slug="day-not-closed",
        headers={"Retry-After": "60"},
        **extra,
    )
