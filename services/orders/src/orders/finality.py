"""Which changes are final: visible to every later snapshot, with nothing below them to come.

A change_id that is visible does not mean that all lower ones are, since another transaction may
still hold one. The three steps below settle it without privileges, prepared transactions
included: whoever was given a change_id up to L wrote its order first, so its transaction id is
below one taken after L was read; once no such transaction runs, L is final.

A crash must not give a change_id up to L anew. One that was rolled back leaves its number in the
log of Postgres only, which nobody waits for; whoever takes the transaction id writes a message
behind it, so that its commit waits until all of that is on disk.
"""

from typing import Final

from sqlalchemy import Connection, text

LAST_CHANGE_ID: Final = (
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM order_changes_change_id_seq"
)
"""The statement of `last_change_id`, for a connection that is not SQLAlchemy's."""

TRANSACTION_ID: Final = (
    "SELECT pg_current_xact_id()::text FROM pg_logical_emit_message(true, 'tally', 'final')"
)
"""That of `transaction_id`, in a transaction of its own, which is committed."""

SNAPSHOT_XMIN: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
"""That of `snapshot_xmin`."""


def last_change_id(connection: Connection) -> int:
    """Return the highest change_id given out so far, committed or not; 0 before the first."""
    return int(connection.scalar(text(LAST_CHANGE_ID)))


def transaction_id(connection: Connection) -> int:
    """Take a transaction id of one's own: every later one is higher.

    The caller commits the transaction at once: open it holds back every snapshot's xmin, and
    rolled back it does not outlive a crash.
    """
    return int(connection.scalar(text(TRANSACTION_ID)))


def snapshot_xmin(connection: Connection) -> int:
    """Return the lowest transaction id that may still run in the snapshot of this statement."""
    return int(connection.scalar(text(SNAPSHOT_XMIN)))
