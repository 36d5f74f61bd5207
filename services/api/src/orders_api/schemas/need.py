"""What a route asks of whoever calls it."""

from enum import Enum, auto

from orders_api.schemas.scopes import Scope


class Need(Enum):
    """What a route asks for where it is no scope."""

    NOTHING = auto()
    """Anybody may call."""
    IDENTITY = auto()
    """Whoever is known may call."""


Needed = Scope | Need
