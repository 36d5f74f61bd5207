"""What must be settled before strangers may call."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sqlalchemy.exc import ArgumentError

from orders.engine import pg8000_url

if TYPE_CHECKING:
    from orders_api.settings import Settings

_LONGEST_DRAIN_S: Final = 9
_SINCE: Final = "in production (K_SERVICE or AWS_LAMBDA_FUNCTION_NAME is set)"


def faults(settings: "Settings") -> Iterator[tuple[str, str]]:
    """Yield each key that does not go with the others, and why."""
    try:
        pg8000_url(settings.database_url.get_secret_value())
    except ArgumentError:
        yield "database_url", "It is no URL of a Postgres database"
    if settings.auth == "loopback" and settings.proxies:
        yield "auth", "It must be required with PROXIES: what comes by a proxy may be anybody's"
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
    if any(urlsplit(origin).scheme != "https" for origin in settings.cors_origins):
        yield "cors_origins", f"It must be https {_SINCE}"
    if urlsplit(settings.google_certs_url).scheme != "https":
        yield "google_certs_url", f"It must be https {_SINCE}"
    if settings.bigquery_emulator_host is not None:
        yield "bigquery_emulator_host", f"It must not be there {_SINCE}"
    if settings.k_service is not None and settings.drain_s > _LONGEST_DRAIN_S:
        yield "drain_s", f"It must be {_LONGEST_DRAIN_S} at most on Cloud Run, which kills after 10"
