"""What a caller may do."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One thing that a caller may do."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    ORDERS_IMPORT = "orders:import"
    ITEMS_WRITE = "items:write"
    SALES_READ = "sales:read"
    ADMIN = "admin"


MEANING: Final[Mapping[Scope, str]] = {
    Scope.ORDERS_READ: "See orders, their history, and items.",
    Scope.ORDERS_WRITE: "Create, move and delete orders.",
    Scope.ORDERS_IMPORT: "Import orders in bulk, with times of the past.",
    Scope.ITEMS_WRITE: "Create, change and delete items.",
    Scope.SALES_READ: "See the sales of each day.",
    Scope.ADMIN: "Manage users and API keys.",
}


class Role(StrEnum):
    """A named set of scopes."""

    VIEWER = "viewer"
    CLERK = "clerk"
    MANAGER = "manager"
    ADMIN = "admin"


_VIEWER: Final = frozenset({Scope.ORDERS_READ, Scope.SALES_READ})
_CLERK: Final = frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE})
_MANAGER: Final = frozenset(Scope) - {Scope.ADMIN}

ROLES: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.VIEWER: _VIEWER,
    Role.CLERK: _CLERK,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: frozenset(Scope),
}
