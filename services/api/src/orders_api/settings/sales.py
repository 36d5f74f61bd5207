"""Where the sales of each day are."""

from pydantic import BaseModel, Field


class SalesSettings(BaseModel):
    """The warehouse, and what asking it may cost."""

    bigquery_project: str | None = None
    """Without it, GET /sales/daily answers 503."""
    bigquery_dataset: str = "analytics"
    bigquery_location: str = "US"
    bigquery_emulator_host: str | None = None
    """Of a local endpoint, which takes no credentials."""
    bigquery_timeout_s: float = Field(default=10.0, gt=0)
    bigquery_maximum_bytes_billed: int = Field(default=2**30, ge=1)
    sales_cache_s: float = Field(default=60.0, ge=0)
    """How long an answer is given again without asking."""
