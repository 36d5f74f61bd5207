"""Where traces go."""

from pydantic import BaseModel, Field


class TracingSettings(BaseModel):
    """Nowhere, unless there is an endpoint. The SDK reads its other `OTEL_…` keys itself."""

    otel_exporter_otlp_endpoint: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    """The URL of a receiver of OTLP over HTTP, without `/v1/traces`."""
    otel_service_name: str | None = None
    """What the service is called in traces."""
