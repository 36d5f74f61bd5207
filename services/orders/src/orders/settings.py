"""How to reach Postgres, from the environment or from arguments."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseSettings):
    """Where Postgres is. Keys are environment variables of the same name, in capitals.

    With `instance_connection_name` the Cloud SQL connector is used and `database_url` is not.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr("postgresql://tally:tally@127.0.0.1:5432/tally")
    instance_connection_name: str | None = Field(
        default=None, pattern=r"^[^:\s]+(:[^:\s]+)?:[^:\s]+:[^:\s]+$"
    )
    """Cloud SQL instance, `project:region:instance`."""
    db_user: str = "tally"
    """For Cloud SQL with IAM: the service account's e-mail without `.gserviceaccount.com`."""
    db_name: str = "tally"
    db_ip_type: Literal["public", "private", "psc"] = "private"
    db_pool_size: int = Field(default=5, ge=1, le=100)
    db_pool_timeout_s: float = Field(default=5.0, gt=0)
    """How long a request waits for a connection before it is told to come back."""
    db_connect_timeout_s: float = Field(default=5.0, gt=0)
