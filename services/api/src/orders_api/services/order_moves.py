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


Mover = GroupCommit[MoveRequest, OrderDocument]


async def move(mover: Mover, database: Database, request: MoveRequest) -> OrderDocument:
    """Move an order to another status; to the one it has is no change.

    Raises:
        PreconditionRequired: There is no If-Match.
        NotFound: There is no such order.
        PreconditionFailed: It is not as the conditions say.
        Conflict: The order cannot move there from where it is.
        Unavailable: Another transaction held the order for too long, or the database is away.
    """
    require_if_match(request.order_id, request.attempt)
    try:
        return await mover.submit(request)
    except HeldElsewhereError:
        return await run_sync(order_writes.move, database, *request)


def write(session: Session, requests: Sequence[MoveRequest]) -> list[OrderDocument | Exception]:
    """Move orders in the transaction at hand; of each the outcome, in their order.

    Of several requests for one order only the first is carried out here.
    """
    first: dict[int, MoveRequest] = {}
    for request in requests:
        first.setdefault(request.order_id, request)
    outcomes = _move(session, first)
    return [
        outcomes.get(request.order_id, HeldElsewhereError())
        if first[request.order_id] is request
        else HeldElsewhereError()
        for request in requests
    ]


def _move(
    session: Session, requests: dict[int, MoveRequest]
) -> dict[int, OrderDocument | Exception]:
    """Return the outcomes by order, of those that could be locked."""
    outcomes: dict[int, OrderDocument | Exception] = {}
    moves = []
    for row in _rows(session.run(_LOCK, ids=json.dumps(list(requests)))):
        order_id, status, version = row.split(" ")
        request = requests[int(order_id)]
        try:
            moves.append(_judged(request, OrderStatus(status), int(version)))
        except Problem as problem:
            outcomes[request.order_id] = problem
    if moves:
        for row in _rows(session.run(_MOVE, moves=json.dumps(moves))):
            order_id, version, body = row.split(" ", 2)
            outcomes[int(order_id)] = OrderDocument(int(order_id), int(version), body)
    return outcomes


def _judged(request: MoveRequest, status: OrderStatus, version: int) -> dict[str, object]:
    """Return the move for the statement; one to the status that the order has is none."""
    require_conditions(request.order_id, status, version, request.attempt)
    if request.to != status:
        require_move(status, request.to, version)
    return {
        "order_id": request.order_id,
        "move_to": request.to if request.to != status else None,
        "caller": request.attempt.caller.name,
        "trace": request.attempt.caller.trace_id,
    }


def _rows(answer: list[list[str]]) -> list[str]:
    [[text]] = answer
    return text.split(SEPARATOR) if text else []
