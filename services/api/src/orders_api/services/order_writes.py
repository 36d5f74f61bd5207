"""Creating, moving and deleting orders: one transaction each, committed on return."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, Row, text

from orders.problems import Conflict, NotFound
from orders.status import TRANSITIONS, OrderStatus
from orders_api.clients.database import Database
from orders_api.problems import invalid
from orders_api.schemas.order import NewOrder
from orders_api.services.rendering import ORDER, ORDERS, as_json, with_lines

_CREATE = f"""
    WITH asked AS MATERIALIZED (
        SELECT CAST(:created_at AS timestamptz) AS created_at, tally_now() AS now),
    created AS (
        INSERT INTO orders (customer_id, total_cents, currency, region, status, metadata,
            created_at, updated_at, changed_by, trace_id)
        SELECT CAST(:customer_id AS bigint), CAST(:total_cents AS bigint), :currency, :region,
            :status, CAST(:metadata AS jsonb), coalesce(asked.created_at, asked.now),
            asked.now, :changed_by, :trace_id
        FROM asked WHERE asked.created_at IS NULL OR asked.created_at <= asked.now
        RETURNING *)
    SELECT id, version, {as_json(ORDER)}::text AS body
    FROM (SELECT *, NULL::json AS lines FROM created) AS orders"""

_MOVE = f"""
    WITH moved AS (
        UPDATE orders SET status = :status, changed_by = :changed_by, trace_id = :trace_id
        WHERE id = :id RETURNING *)
    SELECT id, version, {as_json(ORDER)}::text AS body FROM {with_lines("moved")}"""

_LOCK = f"""
    SELECT id, status, version, {as_json(ORDER)}::text AS body FROM {ORDERS} WHERE id = :id"""


@dataclass(frozen=True)
class Caller:
    """Who acts, and the trace the request belongs to; both are kept with every change."""

    name: str
    trace_id: str | None


@dataclass(frozen=True)
class OrderDocument:
    """An order as it is answered: its JSON, and what headers need."""

    id: int
    version: int
    body: str


def create(database: Database, order: NewOrder, caller: Caller) -> OrderDocument:
    """Create an order.

    Raises:
        Unprocessable: Its currency is unknown or created_at lies in the future.
    """
    values = order.model_dump() | {
        "status": order.status.value,
        "metadata": json.dumps(order.metadata),
        "changed_by": caller.name,
        "trace_id": caller.trace_id,
    }
    with database.transaction() as connection:
        row = connection.execute(text(_CREATE), values).one_or_none()
        if row is None:
            raise invalid("/created_at", "It lies in the future")
        return _document(row)


def move(database: Database, order_id: int, to: OrderStatus, caller: Caller) -> OrderDocument:
    """Move an order to another status; to the one it has is no change.

    Raises:
        NotFound: There is no such order.
        Conflict: The order cannot move there from where it is.
    """
    with database.transaction() as connection:
        row = connection.execute(text(f"{_LOCK} FOR UPDATE"), {"id": order_id}).one_or_none()
        if row is None:
            raise missing(order_id)
        if row.status == to:
            return _document(row)
        _require_move(OrderStatus(row.status), to, row.version)
        values = {"id": order_id, "status": to.value} | _attribution(caller)
        return _document(connection.execute(text(_MOVE), values).one())


def delete(database: Database, order_id: int, caller: Caller) -> None:
    """Delete an order; its history stays.

    Raises:
        NotFound: There is no such order.
    """
    with database.transaction() as connection:
        _attribute_deletion(connection, caller)
        gone = connection.execute(text("DELETE FROM orders WHERE id = :id"), {"id": order_id})
        if gone.rowcount == 0:
            raise missing(order_id)


def missing(order_id: int) -> NotFound:
    """Return the problem of an order that does not exist."""
    return NotFound(f"There is no order {order_id}.")


def _require_move(current: OrderStatus, to: OrderStatus, version: int) -> None:
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


def _attribute_deletion(connection: Connection, caller: Caller) -> None:
    """A DELETE has no columns to name the caller in: the log's trigger reads these settings."""
    statement = """
        SELECT set_config('tally.changed_by', :name, true),
            set_config('tally.trace_id', :trace, true)"""
    values = {"name": caller.name, "trace": caller.trace_id or ""}
    connection.execute(text(statement), values)


def _document(row: Row[tuple[object, ...]]) -> OrderDocument:
    return OrderDocument(row.id, row.version, row.body)
