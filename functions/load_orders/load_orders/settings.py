"""Settings of the function, from its environment."""

from pydantic import Field

from orders.metrics import MetricsSettings
from orders.settings import DatabaseSettings
from orders.tracing import TracingSettings


class Settings(MetricsSettings, TracingSettings, DatabaseSettings):
    """Keys are environment variables of the same name, in capitals."""

    db_idle_in_transaction_s: float = Field(default=3600.0, ge=0.001, le=86_400)
    """Longer than the API's: a day's snapshot is idle while BigQuery takes it in."""
    bigquery_project: str
    bigquery_dataset: str = "analytics"
    bigquery_location: str = "US"
    bigquery_emulator_host: str | None = None
    """Of a local endpoint, which takes no credentials. The client library reads it too."""
    bigquery_timeout_s: float = Field(default=120.0, gt=0)
    """How long one call to BigQuery is tried before the function answers 502."""
    load_chunk_bytes: int = Field(default=32 * 2**20, ge=1)
    """A load job gets about this much NDJSON; it bounds the memory of an extract."""
    closing_wait_s: float = Field(default=10.0, ge=0)
    """How long to wait for open transactions before the function answers 409."""
    maintain_budget_s: float = Field(default=60.0, ge=0)
    """About how long the housekeeping deletes expired rows of one table in one run."""
