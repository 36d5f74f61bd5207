"""Changes as they are sent, and which of them a client wants."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from sqlalchemy import text

from orders_api.clients.database import Database
from orders_api.clients.transactions import Session
from orders_api.services.rendering import CHANGE, as_json

NAMES: Final = {"I": "order.created", "U": "order.changed", "D": "order.deleted"}
"""What an event is called, by the op of its change."""

_OVERHEAD: Final = 600


@dataclass(eq=False)
class Event:
    """A change; it is encoded once for all clients.

    Args:
        id: The change_id.
        name: One of NAMES.
        region: The order's, after the change.
        status: The order's, after the change.
        customer_id: The order's.
        data: The change as JSON on one line, as an order's history shows it.
    """

    id: int
    name: str
    region: str
    status: str
    customer_id: int
    data: str

    @cached_property
    def sse(self) -> bytes:
        """As a server-sent event."""
        return f"id: {self.id}\nevent: {self.name}\ndata: {self.data}\n\n".encode()

    @cached_property
    def message(self) -> str:
        """As the text of a WebSocket's message."""
        return f'{{"id":"{self.id}","event":"{self.name}","data":{self.data}}}'

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return _OVERHEAD + 3 * len(self.data)


class Wanted(NamedTuple):
    """Which changes a client wants; what is not said is no condition."""

    statuses: Collection[str] = ()
    region: str | None = None
    customer_id: int | None = None

    def __call__(self, event: Event) -> bool:
        """Tell whether it wants this one."""
        return (
            (not self.statuses or event.status in self.statuses)
            and self.region in (None, event.region)
            and self.customer_id in (None, event.customer_id)
        )


class Batch(NamedTuple):
    """What is sent at once."""

    events: Sequence[Event]
    position: int | None
    """The change_id up to which the client has all it wants; None: that is not known yet."""


_PAGE: Final = f"""
    SELECT change_id, op, region, status, customer_id, {as_json(CHANGE)}::text
    FROM order_changes
    WHERE change_id > CAST(:after AS bigint) AND change_id <= CAST(:up_to AS bigint)
    ORDER BY change_id LIMIT CAST(:most AS bigint)"""


def read(session: Session, after: int, up_to: int, most: int) -> list[Event]:
    """Return the changes behind `after`, up to one that is final, but not more than `most`."""
    return _events(session.run(_PAGE, after=after, up_to=up_to, most=most))


def read_behind(database: Database, after: int, up_to: int, most: int) -> list[Event]:
    """Return what `read` does.

    Raises:
        Problem: The database is away or busy.
    """
    with database.transaction() as connection:
        values = {"after": after, "up_to": up_to, "most": most}
        return _events(connection.execute(text(_PAGE), values))


def _events(rows: Iterable[Sequence[Any]]) -> list[Event]:
    return [Event(row[0], NAMES[row[1]], *row[2:]) for row in rows]
