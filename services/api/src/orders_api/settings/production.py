"""What must be settled before strangers may call."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError

from orders.engine import pg8000_url

if TYPE_CHECKING:
    from orders_api.settings import Settings

_SINCE = "in production (K_SERVICE or AWS_LAMBDA_FUNCTION_NAME is set)"


def faults(settings: "Settings") -> Iterator[tuple[str, str]]:
    """Yield each key that does not go with the others, and why."""
    try:
        pg8000_url(settings.database_url.get_secret_value())
    except ArgumentError:
        yield "database_url", "It is no URL of a Postgres database"
    if settings.in_production:
        yield from _faults_of_production(settings)


def _faults_of_production(settings: "Settings") -> Iterator[tuple[str, str]]:
    if settings.auth != "required":
        yield "auth", f"It must be required {_SINCE}"
    if not settings.jwt_keys:
        yield "jwt_keys", f"It must be there {_SINCE}: name:secret"
    if not settings.allowed_hosts:
        yield "allowed_hosts", f"It must be there {_SINCE}: the names of this service"
    elif "*" in settings.allowed_hosts:
        yield "allowed_hosts", f"It must not be * {_SINCE}"
