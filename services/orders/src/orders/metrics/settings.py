"""Where measurements go."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field


def _or_no(value: Any) -> Any:
    return value or False


class MetricsSettings(BaseModel):
    """Nowhere, unless a backend is turned on; both may be. `DD_…` is as Datadog names it."""

    dd_metrics_enabled: Annotated[bool, BeforeValidator(_or_no)] = False
    """Whether metrics go to a Datadog agent."""
    dd_agent_host: str = "localhost"
    """Where the agent is."""
    dd_dogstatsd_port: int = Field(default=8125, ge=1, le=65_535)
    """The UDP port at which it takes metrics."""
    dd_dogstatsd_url: str | None = Field(
        default=None, pattern=r"^(udp://[^/:]+(:\d+)?|unix(gram|stream)?:///.+)$"
    )
    """`udp://host:port`, or a Unix socket's `unix:///path`; in place of the two above."""
    dd_env: str | None = None
    """With the next two: what every figure is told apart by at Datadog."""
    dd_service: str | None = None
    dd_version: str | None = None
    prometheus_port: int | None = Field(default=None, ge=1, le=65_535)
    """Where Prometheus may ask for metrics; if left out, nowhere."""
    prometheus_host: str = "127.0.0.1"
    """The address for it."""
