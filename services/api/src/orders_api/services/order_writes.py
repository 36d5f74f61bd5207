"""Moving and deleting orders: one transaction each, committed on return."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from orders.problems import Conflict, NotFound
from orders.status import TRANSITIONS, OrderStatus
from orders_api.clients.database import Database
from orders_api.problems import PreconditionFailed, PreconditionRequired
from orders_api.schemas.caller import Caller
from orders_api.schemas.preconditions import Field, Preconditions, entity_tag
from orders_api.services.rendering import ORDER, ORDERS, as_json, with_lines

_MOVE = f"""
    WITH moved AS (
        UPDATE orders SET status = :status, changed_by = :changed_by, trace_id = :trace_id
        WHERE id = :id RETURNING *)
    SELECT id, version, {as_json(ORDER)}::text AS body FROM {with_lines("moved")}"""

_SHOW = f"SELECT id, version, {as_json(ORDER)}::text AS body FROM {ORDERS} WHERE id = :id"

# Of an order that somebody else holds there is a row of nulls.
_TRY_LOCK = """
    SELECT free.status, free.version FROM orders LEFT JOIN (
        SELECT id, status, version FROM orders WHERE id = :id FOR UPDATE SKIP LOCKED
    ) AS free USING (id) WHERE orders.id = :id"""

_LOCK = "SELECT status, version FROM orders WHERE id = :id FOR UPDATE"

# Of this transaction only. A DELETE has no columns to name the caller in: the log's trigger
# reads the settings.
_SETTINGS = """
    SELECT set_config('lock_timeout', :lock_timeout, true),
        set_config('tally.changed_by', :changed_by, true),
        set_config('tally.trace_id', coalesce(:trace_id, ''), true)"""


@dataclass(frozen=True)
class OrderDocument:
    """An order as it is answered: its JSON, and what headers need."""

    id: int
    version: int
    body: str


@dataclass(frozen=True)
class Attempt:
    """A change of an order that is asked for: by whom, and on what conditions."""

    caller: Caller
    conditions: Preconditions
    lock_timeout_s: float
    """How long to wait for another change of the order, seconds."""


def move(database: Database, order_id: int, to: OrderStatus, attempt: Attempt) -> OrderDocument:
    """Move an order to another status; to the one it has is no change.

    Raises:
        PreconditionRequired: There is no If-Match.
        NotFound: There is no such order.
        PreconditionFailed: It is not as the conditions say.
        Conflict: The order cannot move there from where it is.
        Unavailable: Another transaction held the order for too long, or too many wait for one.
    """
    with _locked(database, order_id, attempt) as (connection, order):
        values: dict[str, Any] = {"id": order_id}
        if order.status == to:
            return _document(connection.execute(text(_SHOW), values).one())
        require_move(OrderStatus(order.status), to, order.version)
        values |= {"status": to.value} | _attribution(attempt.caller)
        return _document(connection.execute(text(_MOVE), values).one())


def delete(database: Database, order_id: int, attempt: Attempt) -> None:
    """Delete an order; its history stays.

    Raises:
        PreconditionRequired: There is no If-Match.
        NotFound: There is no such order.
        PreconditionFailed: It is not as the conditions say.
        Unavailable: Another transaction held the order for too long, or too many wait for one.
    """
    with _locked(database, order_id, attempt) as (connection, _):
        connection.execute(text("DELETE FROM orders WHERE id = :id"), {"id": order_id})


def missing(order_id: int) -> NotFound:
    """Return the problem of an order that does not exist."""
    return NotFound(f"There is no order {order_id}.")


def precondition_failed(
    field: Field, order_id: int, version: int, status: str
) -> PreconditionFailed:
    """Return the problem of a condition that does not hold of the order as it is."""
    tag = entity_tag(version)
    why = "does not name (weak tags do not count)" if field == "If-Match" else "rules out"
    return PreconditionFailed(
        f"Order {order_id} is {status} at version {version}, ETag {tag}, which {field} {why}.",
        headers={"ETag": tag},
        current_version=version,
        current_status=status,
    )


@contextmanager
def _locked(
    database: Database, order_id: int, attempt: Attempt
) -> Iterator[tuple[Connection, Row[Any]]]:
    """Yield a transaction that holds the order, which is as the conditions say, and the order."""
    require_if_match(order_id, attempt)
    settings = _attribution(attempt.caller) | {
        "lock_timeout": f"{round(attempt.lock_timeout_s * 1000)}ms"
    }
    with database.transaction() as connection:
        connection.execute(text(_SETTINGS), settings)
        order = _lock(database, connection, order_id)
        if order is None:
            raise missing(order_id)
        require_conditions(order_id, order.status, order.version, attempt)
        yield connection, order


def _lock(database: Database, connection: Connection, order_id: int) -> Row[Any] | None:
    """Return the order once the transaction holds it, None if there is none."""
    values = {"id": order_id}
    order = connection.execute(text(_TRY_LOCK), values).one_or_none()
    if order is None or order.version is not None:
        return order
    with database.waiting():
        return connection.execute(text(_LOCK), values).one_or_none()


def require_if_match(order_id: int, attempt: Attempt) -> None:
    """Check that a change says which version it means.

    Raises:
        PreconditionRequired: It does not.
    """
    if attempt.conditions.if_match is None:
        raise PreconditionRequired(
            f"Send If-Match with the ETag that GET /orders/{order_id} answers, the order's version"
            " in double quotes; or send If-Match: * to mean the order whatever its version."
        )


def require_conditions(order_id: int, status: str, version: int, attempt: Attempt) -> None:
    """Check that an order is as the conditions of a change say.

    Raises:
        PreconditionFailed: It is not.
    """
    if field := attempt.conditions.failed(entity_tag(version)):
        raise precondition_failed(field, order_id, version, status)


def require_move(current: OrderStatus, to: OrderStatus, version: int) -> None:
    """Check that an order can move from one status to another.

    Raises:
        Conflict: It cannot; the body names the moves that it can make.
    """
    allowed = sorted(TRANSITIONS[current])
    if to not in allowed:
        raise Conflict(
            f"An order that is {current} cannot become {to}.",
            slug="illegal-transition",
            current_status=current,
            current_version=version,
            allowed=allowed,
        )


def _attribution(caller: Caller) -> dict[str, str | None]:
    return {"changed_by": caller.name, "trace_id": caller.trace_id}


def _document(row: Row[Any]) -> OrderDocument:
    return OrderDocument(row.id, row.version, row.body)
