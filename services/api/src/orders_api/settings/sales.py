"""Where the sales of each day are."""

from pydantic import BaseModel, Field

from orders_api.settings.kinds import Text


class SalesSettings(BaseModel):
    """The warehouse, and what asking it may cost."""

    bigquery_project: Text | None = None
    """Without it, GET /sales/daily answers 503."""
    bigquery_dataset: Text = "analytics"
    bigquery_location: Text = "US"
    bigquery_emulator_host: Text | None = None
    """Of a local endpoint, which takes no credentials."""
    bigquery_timeout_s: float = Field(default=10.0, gt=0, le=600)
    bigquery_maximum_bytes_billed: int = Field(default=2**30, ge=1, le=2**50)
    sales_cache_s: float = Field(default=60.0, ge=0, le=86_400)
    """How long an answer is given again without asking."""
