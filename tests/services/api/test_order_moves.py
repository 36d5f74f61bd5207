"""Moves in batches: what is shared, and what a batch leaves to a transaction of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, text

from orders.engine import database_connect
from orders.problems import Conflict
from orders.settings import DatabaseSettings
from orders.status import OrderStatus
from orders_api.clients.transactions import Transactions
from orders_api.problems import PreconditionFailed
from orders_api.schemas.caller import Caller
from orders_api.schemas.preconditions import EntityTags, Preconditions
from orders_api.services import order_moves
from orders_api.services.order_moves import HeldElsewhereError, MoveRequest
from orders_api.services.order_writes import Attempt, OrderDocument

PAID, SHIPPED = OrderStatus.PAID, OrderStatus.SHIPPED


@pytest.fixture
def transactions(database_url: str, engine: Engine) -> Iterator[Transactions]:
    """Where batches are written; there are five pending orders, 1 to 5."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (customer_id, total_cents) SELECT 1, 1 FROM"
                " generate_series(1, 5)"
            )
        )
    settings = DatabaseSettings.model_validate({"database_url": database_url})
    with database_connect(settings) as connect:
        transactions = Transactions(connect)
        yield transactions
        transactions.close()


def move(order_id: int, to: OrderStatus, tag: str = '"1"', caller: str = "alice") -> MoveRequest:
    conditions = Preconditions(EntityTags.parse("If-Match", [tag]))
    return MoveRequest(order_id, to, Attempt(Caller(caller, f"trace-{order_id}"), conditions, 2))


def carried_out(transactions: Transactions, *batch: MoveRequest) -> list[Any]:
    return transactions.run(lambda session: order_moves.write(session, batch))


@contextmanager
def held(engine: Engine, order_id: int) -> Iterator[None]:
    with engine.begin() as connection:
        connection.execute(text("SELECT FROM orders WHERE id = :id FOR UPDATE"), {"id": order_id})
        yield


def log(engine: Engine) -> list[tuple[Any, ...]]:
    query = """
        SELECT order_id, version, status, changed_by, trace_id FROM order_changes
        WHERE op = 'U' ORDER BY order_id, version"""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_each_of_a_batch_is_judged_and_attributed_alone(
    transactions: Transactions, engine: Engine
) -> None:
    done, stale, illegal, same, other = carried_out(
        transactions,
        move(3, PAID),
        move(1, PAID, '"2"'),
        move(2, SHIPPED),
        move(4, OrderStatus.PENDING),
        move(5, OrderStatus.CANCELLED, "*", caller="bob"),
    )
    assert isinstance(stale, PreconditionFailed)
    assert isinstance(illegal, Conflict)
    shown = [(order.id, order.version) for order in (done, same, other)]
    assert shown == [(3, 2), (4, 1), (5, 2)]
    assert '"status":"paid"' in done.body
    assert log(engine) == [
        (3, 2, "paid", "alice", "trace-3"),
        (5, 2, "cancelled", "bob", "trace-5"),
    ]


def test_moves_of_one_order_are_made_one_after_the_other(
    transactions: Transactions, engine: Engine
) -> None:
    outcomes = carried_out(
        transactions,
        move(1, PAID),
        move(1, PAID, "*"),
        move(1, SHIPPED),
        move(1, SHIPPED, '"2"', caller="bob"),
        move(2, PAID),
        move(1, OrderStatus.DELIVERED, "*"),
    )
    paid, shown, stale, shipped, _, delivered = outcomes
    assert [(order.version, status_of(order)) for order in (paid, shown, shipped, delivered)] == [
        (2, "paid"),
        (2, "paid"),
        (3, "shipped"),
        (4, "delivered"),
    ]
    assert isinstance(stale, PreconditionFailed)
    assert stale.extra == {"current_version": 2, "current_status": "paid"}
    assert [row[:4] for row in log(engine)] == [
        (1, 2, "paid", "alice"),
        (1, 3, "shipped", "bob"),
        (1, 4, "delivered", "alice"),
        (2, 2, "paid", "alice"),
    ]


def test_of_many_moves_of_one_order_at_once_each_has_an_outcome(
    transactions: Transactions, engine: Engine
) -> None:
    asked = [move(1, to, "*") for to in OrderStatus for _ in range(50)]
    outcomes = carried_out(transactions, *asked)
    assert {type(outcome) for outcome in outcomes} == {OrderDocument, Conflict}
    assert [row[2] for row in log(engine)] == ["paid", "shipped", "delivered", "refunded"]


def status_of(order: OrderDocument) -> str:
    return str(json.loads(order.body)["status"])


def test_a_batch_does_not_wait_for_an_order_that_somebody_holds(
    transactions: Transactions, engine: Engine
) -> None:
    with held(engine, 1):
        left, moved = carried_out(transactions, move(1, PAID), move(2, PAID))
    assert isinstance(left, HeldElsewhereError)
    assert isinstance(moved, OrderDocument)
    assert [row[:2] for row in log(engine)] == [(2, 2)]


def test_an_order_that_is_not_there_is_left_to_a_transaction_of_its_own(
    transactions: Transactions, engine: Engine
) -> None:
    [absent] = carried_out(transactions, move(99, PAID))
    assert isinstance(absent, HeldElsewhereError)
    assert log(engine) == []


def test_a_batch_of_which_nothing_can_be_done_writes_nothing(
    transactions: Transactions, engine: Engine
) -> None:
    outcomes = carried_out(transactions, move(1, SHIPPED), move(2, PAID, '"7"'))
    assert [type(outcome) for outcome in outcomes] == [Conflict, PreconditionFailed]
    assert log(engine) == []
