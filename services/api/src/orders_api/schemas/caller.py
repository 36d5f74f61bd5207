"""Who acts."""

from dataclasses import dataclass, field
from math import inf

from orders_api.schemas.scopes import Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """Who was recognized, and what they may do.

    Args:
        name: `anonymous`, `user:<id>`, `key:<prefix>` or `service:<e-mail>`: no personal field,
            for it is logged, and kept with every change.
        scopes: What they may do.
        until: When the credentials end, in seconds since the epoch.
    """

    name: str
    scopes: frozenset[Scope]
    until: float = field(default=inf, compare=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, and the trace the request belongs to; both are kept with every change."""

    name: str
    trace_id: str | None
