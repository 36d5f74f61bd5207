"""How the service listens, ends and logs."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from orders_api.settings.addresses import Hosts, Origins
from orders_api.settings.kinds import split


class Feature(StrEnum):
    """A part of the API that can be turned off."""

    IMPORTS = "imports"
    SALES = "sales"
    EXPORTS = "exports"
    EVENTS = "events"


class ServerSettings(BaseModel):
    """Address, time limits, logs."""

    k_service: str | None = None
    """Set by Cloud Run: this is production."""
    aws_lambda_function_name: str | None = None
    """Set by AWS Lambda: so is this."""
    host: str | None = None
    """If left out, every address on Cloud Run, elsewhere this machine's own."""
    port: int = Field(default=8000, ge=0, le=65_535)
    allowed_hosts: Hosts = ()
    """Names that may stand in Host, `*.example.com` for all below one; none: any name."""
    cors_origins: Origins = ()
    """Origins whose pages may call from a browser."""
    docs: bool | None = None
    """Whether /docs is there; if left out, everywhere but in production."""
    lab: bool | None = None
    """Whether /stream and /demo are there; if left out, everywhere but in production."""
    features_off: Annotated[frozenset[Feature], BeforeValidator(split)] = frozenset()
    """Parts that are turned off: `imports`, `sales`, `exports`, `events`."""
    header_timeout_s: float = Field(default=10.0, gt=0, le=600)
    """How long the head of a request may take to arrive."""
    receive_timeout_s: float = Field(default=10.0, gt=0, le=600)
    """How long a body may pause."""
    send_timeout_s: float = Field(default=60.0, gt=0, le=600)
    """How long a client may take nothing of what is written to it."""
    request_timeout_s: float = Field(default=30.0, gt=0, le=3_600)
    """How long a request may take in all; imports and exports may take more."""
    import_timeout_s: float = Field(default=600.0, gt=0, le=86_400)
    export_timeout_s: float = Field(default=600.0, gt=0, le=86_400)
    """How long an export may take in all, and so hold its snapshot of the database."""
    export_pause_s: float = Field(default=30.0, gt=0, le=600)
    """How long its client may take nothing of it."""
    export_wait_s: float = Field(default=5.0, ge=0, le=600)
    """How long an export waits for transactions that were open when it was asked for."""
    drain_s: float = Field(default=8.0, gt=0, le=600)
    """After SIGTERM: when requests that still run are answered 503."""
    log_format: Literal["json", "console"] | None = None
    """If left out, `console` on a terminal, else `json`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    google_cloud_project: str | None = None
    """With it a log line names its trace as Cloud Logging does."""

    @property
    def in_production(self) -> bool:
        """Tell whether strangers may call."""
        return self.k_service is not None or self.aws_lambda_function_name is not None

    @property
    def shows_docs(self) -> bool:
        """Tell whether the docs are there."""
        return not self.in_production if self.docs is None else self.docs

    @property
    def has_lab(self) -> bool:
        """Tell whether the lab is there."""
        return not self.in_production if self.lab is None else self.lab
