"""The live feed of changes."""

from pydantic import BaseModel, Field


class EventSettings(BaseModel):
    """How many may follow the feed, and for how long."""

    events_clients: int = Field(default=2_000, ge=1)
    """Clients of an instance at once; more get 503 with Retry-After."""
    events_heartbeat_s: float = Field(default=15.0, gt=0, le=600)
    """The longest silence of a stream."""
    events_stall_s: float = Field(default=30.0, gt=0, le=600)
    """How long a client may take nothing of what was sent to it before it is dropped."""
    events_max_s: float = Field(default=3_600.0, gt=0, le=86_400)
    """How long a stream may take in all; its client comes again and goes on."""
    events_poll_s: float = Field(default=5.0, gt=0, le=600)
    """How often the change log is looked at when no notification comes: one may be lost."""
    events_window: int = Field(default=10_000, ge=1)
    """The latest changes that are kept in memory, within 16 MiB; older ones are read again."""
