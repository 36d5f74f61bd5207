"""What the API reads from its environment, when it starts and not before."""

from collections.abc import Mapping
from typing import Self

from pydantic import ConfigDict, Field, ValidationError

from orders.metrics import MetricsSettings
from orders.settings import DatabaseSettings
from orders.tracing import TracingSettings
from orders_api.settings import production
from orders_api.settings.access import AccessSettings
from orders_api.settings.errors import SettingsError, faults_of
from orders_api.settings.events import EventSettings
from orders_api.settings.sales import SalesSettings
from orders_api.settings.server import ServerSettings

__all__ = ["Settings", "SettingsError"]


class Settings(
    AccessSettings,
    ServerSettings,
    SalesSettings,
    EventSettings,
    MetricsSettings,
    TracingSettings,
    DatabaseSettings,
):
    """Where Postgres is, and the API's limits. Keys are environment variables, in capitals."""

    model_config = ConfigDict(allow_inf_nan=False)

    import_max_bytes: int = Field(default=256 * 2**20, ge=1)
    """The largest import, decompressed. It is spooled: on Cloud Run /tmp counts as memory."""
    ready_timeout_s: float = Field(default=2.0, gt=0, le=600)
    """How long /health/ready waits for the database."""
    order_lock_timeout_s: float = Field(default=2.0, ge=0.001, le=600)
    """How long a change of an order waits for another one of it, before it is answered 503."""
    writer_connections: int = Field(default=1, ge=1, le=20)
    """Connections, beside the pool, that create orders; as many again move them."""
    writer_batch: int = Field(default=500, ge=1, le=500)
    """The most orders of one transaction."""
    writer_queue: int = Field(default=2_000, ge=1)
    """The most orders that wait to be created, or moved; more get 503 with Retry-After."""
    db_statement_timeout_s: float | None = Field(default=30.0, gt=0, le=86_400)
    db_notifies: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read settings from an environment such as `os.environ`, and from nothing else.

        Raises:
            SettingsError: Keys are missing or wrong, or do not go with others; all are named.
        """
        given = {key.lower(): value for key, value in environment.items()}
        faults: dict[str, str] = {}
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            faults = faults_of(error)
            # With defaults in their place, the others can be looked at, too.
            sound = {key: value for key, value in given.items() if key not in faults}
            settings = cls.model_validate(sound)
        faults = dict(production.faults(settings)) | faults
        if faults:
            raise SettingsError(faults)
        return settings
