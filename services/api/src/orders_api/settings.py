"""What the API reads from its environment, when it starts and not before."""

from pydantic import Field

from orders.settings import DatabaseSettings


class Settings(DatabaseSettings):
    """Where Postgres is, and the API's limits. Keys are environment variables, in capitals."""

    import_max_bytes: int = Field(default=256 * 2**20, ge=1)
    """The largest import, decompressed. It is spooled: on Cloud Run /tmp counts as memory."""
    ready_timeout_s: float = Field(default=2.0, gt=0)
    """How long /health/ready waits for the database."""
