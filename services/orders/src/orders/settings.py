"""How to reach Postgres, from the environment or from arguments."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DatabaseSettings(BaseModel):
    """Where Postgres is. Keys are environment variables of the same name, in capitals.

    With `instance_connection_name` the Cloud SQL connector is used and `database_url` is not.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

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
    db_pool_timeout_s: float = Field(default=5.0, gt=0, le=600)
    """How long a request waits for a connection before it is told to come back."""
    db_connect_timeout_s: float = Field(default=5.0, gt=0, le=600)
    db_idle_in_transaction_s: float = Field(default=60.0, ge=0.001, le=86_400)
    """How long a transaction may lie idle before Postgres ends it: its client may be gone."""
    db_statement_timeout_s: float | None = Field(default=None, gt=0, le=86_400)
    """How long a statement may take before Postgres ends it; if left out, for ever."""
    db_notifies: bool = False
    """Whether listeners are told of changes; a transaction that told cannot be prepared."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read settings from an environment such as `os.environ`, and from nothing else.

        Raises:
            pydantic.ValidationError: Keys are missing or wrong; the message names each.
        """
        return cls.model_validate({key.lower(): value for key, value in environment.items()})
