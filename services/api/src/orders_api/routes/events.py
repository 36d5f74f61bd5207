"""The live feed as server-sent events, and tickets for it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from orders_api.routes.dependencies import CurrentAccess
from orders_api.routes.documentation import problems
from orders_api.routes.event_stream import EventStream
from orders_api.routes.features import requires
from orders_api.routes.following import subscribed
from orders_api.routes.strict_route import scoped
from orders_api.schemas.caller import Principal
from orders_api.schemas.events import EXAMPLE_STREAM, EventQuery, Position, Ticket
from orders_api.schemas.scopes import Scope
from orders_api.services.access.tickets import LIFETIME_S
from orders_api.settings.server import Feature

_EVENTS: Final[dict[str, Any]] = {
    "tags": ["orders"],
    "dependencies": [Depends(requires(Feature.EVENTS))],
    "responses": problems("validation", "not-found", "internal", "unavailable"),
}
following = APIRouter(**_EVENTS, route_class=scoped(Scope.ORDERS_READ, tickets=True))
tickets = APIRouter(**_EVENTS, route_class=scoped(Scope.ORDERS_READ))
# Before OpenAPI 3.2 some read the schema as that of a stream, and some as that of an event.
_STREAM: Final = {
    "description": "Server-sent events; each `data` is a change as an order's history shows it.",
    "content": {"text/event-stream": {"schema": {}, "example": EXAMPLE_STREAM}},
}


@following.get("/orders/events", response_class=Response, responses={200: _STREAM})
async def follow_changes(
    request: Request,
    query: Annotated[EventQuery, Query()],
    last_event_id: Annotated[
        Position | None,
        Header(
            alias="Last-Event-ID",
            description="The id of the last event, on coming again; it wins over since.",
        ),
    ] = None,
) -> Response:
    """Follow all changes as they become final: in the order of change_id, each once, none missed.

    Events are `order.created`, `order.changed` and `order.deleted`; their ids are change_ids. A
    stream ends now and then: come again with the last id, and it goes on behind it.
    """
    since, pointer = query.since, "query/since"
    if last_event_id is not None:
        since, pointer = last_event_id, "header/last-event-id"
    return EventStream(await subscribed(request, query, since, pointer))


@tickets.post("/orders/events/tickets")
async def create_event_ticket(request: Request, access: CurrentAccess) -> Ticket:
    """Create a ticket: it lets a browser open the feed, as its `ticket`, in the caller's name."""
    principal: Principal = request.state.principal
    return Ticket(ticket=access.authenticator.ticket(principal), expires_in=LIFETIME_S)
