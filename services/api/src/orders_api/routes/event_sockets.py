"""The live feed over a WebSocket: the same events, each a message."""

import asyncio
from contextlib import suppress
from typing import Any, Final, get_origin

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.types import Message

from orders.problems import NotFound, Problem
from orders_api.problems import Forbidden, clip
from orders_api.routes.access import admit
from orders_api.routes.errors import invalid_answer, problem_answer
from orders_api.routes.following import note, running, subscribed
from orders_api.routes.strict_route import check_query, sent_ticket
from orders_api.schemas.events import EventQuery
from orders_api.schemas.scopes import Scope
from orders_api.services.feed.events import Batch
from orders_api.services.feed.subscription import End, Subscription
from orders_api.settings import Settings
from orders_api.settings.server import Feature

router = APIRouter()
_KNOWN: Final = {name: get_origin(f.annotation) for name, f in EventQuery.model_fields.items()}
_MOST_MESSAGES: Final = 1_000
_ALIVE: Final = '{"id":null,"event":"alive","data":null}'
_CODES: Final = {
    End.TIME: 1001,
    End.SHUTDOWN: 1001,
    End.NOISY: 1008,
    End.CREDENTIALS: 4401,
    End.SLOW: 4408,
}


@router.websocket("/orders/events/ws")
async def follow_by_socket(socket: WebSocket) -> None:
    """Follow all changes as `GET /orders/events` does, as messages."""
    # Whoever leaves while something is sent is no failure.
    with suppress(WebSocketDisconnect):
        await _answer(socket)


async def _answer(socket: WebSocket) -> None:
    try:
        client = await _subscribed(socket)
    except RequestValidationError as error:
        await socket.send_denial_response(await invalid_answer(socket, error))
    except Problem as problem:
        await socket.send_denial_response(await problem_answer(socket, problem))
    else:
        await socket.accept()
        await _serve(socket, client)


async def _subscribed(socket: WebSocket) -> Subscription:
    await admit(socket, Scope.ORDERS_READ, ticket=sent_ticket(socket))
    settings: Settings = socket.state.settings
    if Feature.EVENTS in settings.features_off:
        raise NotFound(f"There is nothing at {clip(socket.url.path)}.")
    _check_origin(socket, settings)
    check_query(socket, _KNOWN)
    query = _query(socket)
    return await subscribed(socket, query, query.since, "query/since")


def _query(socket: WebSocket) -> EventQuery:
    sent = socket.query_params
    given: dict[str, Any] = {
        name: sent.getlist(name) if _KNOWN[name] is list else sent[name] for name in sent
    }
    try:
        return EventQuery.model_validate(given)
    except ValidationError as error:
        found = [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(found) from None


def _check_origin(socket: WebSocket, settings: Settings) -> None:
    """Refuse pages of others: browsers let any page open a socket.

    Raises:
        Forbidden: It is one.
    """
    origin = socket.headers.get("origin")
    if origin is None or origin in settings.cors_origins:
        return
    host = socket.headers.get("host")
    if origin not in [f"{scheme}://{host}" for scheme in _schemes(socket)]:
        raise Forbidden("Pages of this origin may not follow the events.")


def _schemes(socket: WebSocket) -> tuple[str, ...]:
    """Return what pages of our own may be called by."""
    # No page can send this one.
    told = socket.headers.get("x-forwarded-proto")
    if told is not None:
        return (told.split(",")[0].strip().lower(),)
    # A proxy may have taken TLS off and not have told.
    return ("https",) if socket.url.scheme == "wss" else ("http", "https")


async def _serve(socket: WebSocket, client: Subscription) -> None:
    async def write(batch: Batch) -> None:
        for event in batch.events:
            await socket.send_text(event.message)
        if batch.position is None:
            await socket.send_text(_ALIVE)
        elif not batch.events or batch.events[-1].id != batch.position:
            await socket.send_text(f'{{"id":"{batch.position}","event":"alive","data":null}}')

    with running(socket, client):
        leaving = asyncio.create_task(_watch(socket, client))
        try:
            end = await client.deliver(write)
        finally:
            leaving.cancel()
    note(end)
    if client.stuck and end is End.LEFT:
        socket.state.reset()
    elif client.stuck:
        socket.state.drop(_CODES[end], end)
    elif end is not End.LEFT:
        await socket.close(_CODES[end], end)


async def _watch(socket: WebSocket, client: Subscription) -> None:
    """Drop what the client sends, until it leaves or has sent too much."""
    for _ in range(_MOST_MESSAGES):
        message: Message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            client.end(End.LEFT)
            return
    client.end(End.NOISY)
