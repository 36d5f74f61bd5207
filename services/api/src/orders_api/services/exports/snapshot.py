"""A snapshot in which everything up to a change is final."""

from threading import Event
from time import monotonic
from typing import Final

from orders.finality import LAST_CHANGE_ID, SNAPSHOT_XMIN, TRANSACTION_ID
from orders.problems import Unavailable
from orders_api.clients.copying import Copying
from orders_api.services.exports.pipe import PipeClosedError

_POLL_S: Final = 0.1
_BEGIN: Final = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SNAPSHOT_XMIN}"


def take_snapshot(copying: Copying, wait_s: float, given_up: Event) -> int:
    """Leave the connection in a snapshot, and return the change_id up to which that is final.

    Args:
        copying: The connection.
        wait_s: How long transactions may take that were open before.
        given_up: Set when nobody waits any more.

    Raises:
        Unavailable: One of them is still open.
        PipeClosedError: Nobody waits any more.
    """
    last = _number(copying, LAST_CHANGE_ID)
    xid = _number(copying, TRANSACTION_ID)
    deadline = monotonic() + wait_s
    while _number(copying, _BEGIN) < xid:
        copying.command("ROLLBACK")
        if monotonic() >= deadline:
            raise Unavailable(
                "A transaction in any database of this server that was open when the export was"
                f" asked for, or is prepared, has not ended within {wait_s:g} s; what it writes"
                " would be missing."
            )
        if given_up.wait(_POLL_S):
            raise PipeClosedError
    return last


def _number(copying: Copying, query: str) -> int:
    [[value]] = copying.command(query)
    return int(value)
