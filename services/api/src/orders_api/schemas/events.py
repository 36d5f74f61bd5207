"""What is asked of the feed, and a ticket for it."""

import json
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from orders_api.schemas.fields import MAX_ID, Digits, Id
from orders_api.schemas.order import EXAMPLE_CHANGE, Region
from orders_api.schemas.order_query import Statuses

Position = Annotated[int, Field(ge=0, le=MAX_ID), Digits]
"""A change_id, or 0, which is before all of them."""

EXAMPLE_TICKET: Final[dict[str, Any]] = {
    "ticket": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyOjEifQ.c2ln",
    "expires_in": 30,
}
EXAMPLE_STREAM: Final = f"id: 12\nevent: order.created\ndata: {json.dumps(EXAMPLE_CHANGE)}\n\n"


class EventQuery(BaseModel):
    """Which changes to follow; every filter given must hold for the order after the change."""

    since: Position | None = Field(
        default=None,
        description="The change_id seen last; what follows it is sent. If left out, from now on.",
    )
    status: Statuses = Field(
        default_factory=list, description="Any of these; repeat it for several."
    )
    region: Region | None = None
    customer_id: Id | None = None
    ticket: str | None = Field(
        default=None, description="Of POST /orders/events/tickets, where no header can be set."
    )


class Ticket(BaseModel):
    """What opens a stream."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_TICKET]})

    ticket: str = Field(description="For the parameter `ticket`.")
    expires_in: int = Field(description="Seconds within which a stream must be opened with it.")
