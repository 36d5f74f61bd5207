"""Moving orders to another status, a batch at a time where nobody else holds them."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from anyio.to_thread import run_sync

from orders.problems import Problem
from orders.status import OrderStatus
from orders_api.clients.database import Database
from orders_api.clients.group_commit import GroupCommit
from orders_api.clients.transactions import Session
from orders_api.services import order_writes
from orders_api.services.order_writes import (
    Attempt,
    OrderDocument,
    require_conditions,
    require_if_match,
    require_move,
)
from orders_api.services.rendering import ORDER, SEPARATOR, as_json, with_lines

# Whoever holds an order may do so for long. A batch does not wait, or all in it would.
_LOCK: Final = """
    SELECT coalesce(string_agg(id || ' ' || status || ' ' || version, chr(30)), '') FROM (
        SELECT id, status, version FROM orders
        WHERE id = ANY (ARRAY(
            SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))))
        FOR UPDATE SKIP LOCKED) AS held"""

_MOVE: Final = f"""
    WITH given AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:moves AS json)) AS given (
            order_id bigint, move_to text, caller text, trace text)),
    moved AS (
        UPDATE orders SET status = move_to, changed_by = caller, trace_id = trace
        FROM given WHERE id = order_id AND move_to IS NOT NULL RETURNING orders.*),
    -- What the statement before locked is as it was.
    kept AS (SELECT * FROM orders WHERE id IN (SELECT order_id FROM given WHERE move_to IS NULL))
    SELECT coalesce(string_agg(id || ' ' || version || ' ' || body, chr(30)), '') FROM (
        SELECT id, version, CAST({as_json(ORDER)} AS text) AS body FROM {with_lines("moved")}
        UNION ALL
        SELECT id, version, CAST({as_json(ORDER)} AS text) FROM {with_lines("kept")}) AS shown"""


class HeldElsewhereError(Exception):
    """The order is held by another transaction, or there is none: not for a batch to say."""


class MoveRequest(NamedTuple):
    """A move of an order that is asked for."""

    order_id: int
    to: OrderStatus
    attempt: Attempt


class _Held(NamedTuple):
    """An order that the transaction holds, as it is now."""

    status: OrderStatus
    version: int
    document: OrderDocument | None = None
    """It, once it was moved or shown."""


Mover = GroupCommit[MoveRequest, OrderDocument]


async def move(mover: Mover, database: Database, request: MoveRequest) -> OrderDocument:
    """Move an order to another status; to the one it has is no change.

    Raises:
        PreconditionRequired: There is no If-Match.
        NotFound: There is no such order.
        PreconditionFailed: It is not as the conditions say.
        Conflict: The order cannot move there from where it is.
        Unavailable: Another transaction held the order for too long, too many wait for one, or
            the database is away.
    """
    require_if_match(request.order_id, request.attempt)
    try:
        return await mover.submit(request)
    except HeldElsewhereError:
        return await run_sync(order_writes.move, database, *request)


def write(session: Session, requests: Sequence[MoveRequest]) -> list[OrderDocument | Exception]:
    """Move orders in the transaction at hand; of each the outcome, in their order.

    Several requests for one order meet each what another left. Each round moves it on, and no
    status comes twice: there are few rounds, however many requests.
    """
    orders = _lock(session, requests)
    outcomes: dict[int, OrderDocument | Exception] = {}
    left = list(range(len(requests)))
    while left:
        chosen: dict[int, int] = {}
        for place in left:
            order_id = requests[place].order_id
            if order_id in chosen:
                continue
            if outcome := _judged(requests[place], orders.get(order_id)):
                outcomes[place] = outcome
            else:
                chosen[order_id] = place
        documents = _move(session, orders, [requests[place] for place in chosen.values()])
        outcomes |= zip(chosen.values(), documents, strict=True)
        left = [place for place in left if place not in outcomes]
    return [outcomes[place] for place in range(len(requests))]


def _lock(session: Session, requests: Sequence[MoveRequest]) -> dict[int, _Held]:
    """Return the orders that could be locked."""
    ids = list({request.order_id for request in requests})
    rows = [row.split(" ") for row in _rows(session.run(_LOCK, ids=json.dumps(ids)))]
    return {int(row[0]): _Held(OrderStatus(row[1]), int(row[2])) for row in rows}


def _judged(request: MoveRequest, order: _Held | None) -> OrderDocument | Exception | None:
    """Return the outcome of a request, None if the order has to be moved, or shown, for it."""
    if order is None:
        return HeldElsewhereError()
    try:
        require_conditions(request.order_id, order.status, order.version, request.attempt)
        if request.to != order.status:
            require_move(order.status, request.to, order.version)
    except Problem as problem:
        return problem
    return order.document if request.to == order.status else None


def _move(
    session: Session, orders: dict[int, _Held], requests: Sequence[MoveRequest]
) -> list[OrderDocument]:
    """Carry out moves, of each order one, and return the orders; to the status it has is none."""
    if not requests:
        return []
    moves = [_given(request, orders[request.order_id]) for request in requests]
    documents = {}
    for row in _rows(session.run(_MOVE, moves=json.dumps(moves))):
        order_id, version, body = row.split(" ", 2)
        documents[int(order_id)] = OrderDocument(int(order_id), int(version), body)
    for request in requests:
        document = documents[request.order_id]
        orders[request.order_id] = _Held(request.to, document.version, document)
    return [documents[request.order_id] for request in requests]


def _given(request: MoveRequest, order: _Held) -> dict[str, object]:
    return {
        "order_id": request.order_id,
        "move_to": request.to if request.to != order.status else None,
        "caller": request.attempt.caller.name,
        "trace": request.attempt.caller.trace_id,
    }


def _rows(answer: list[list[str]]) -> list[str]:
    [[text]] = answer
    return text.split(SEPARATOR) if text else []
