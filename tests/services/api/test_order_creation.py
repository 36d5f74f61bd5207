"""The statement that creates a batch of orders: each row is judged, and answered, alone."""

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import Engine, text

from orders.engine import Connect, database_connect
from orders.problems import Conflict, Unavailable, Unprocessable
from orders.settings import DatabaseSettings
from orders_api.clients.transactions import Transactions
from orders_api.schemas.caller import Caller
from orders_api.schemas.order import NewOrder
from orders_api.services import order_creation
from orders_api.services.order_creation import Created, NewOrderRequest
from tally_testing.writing import all_of, customers, request, writing


@pytest.fixture
def connect(database_url: str) -> Any:
    settings = DatabaseSettings.model_validate({"database_url": database_url})
    with database_connect(settings) as connect:
        yield connect


def test_each_is_answered_with_its_own_order(connect: Connect) -> None:
    async def main() -> list[Created | BaseException]:
        async with writing(connect) as orders:
            return await all_of(*(orders.submit(request(n)) for n in range(1, 301)))

    for number, created in enumerate(asyncio.run(main()), start=1):
        assert isinstance(created, Created)
        assert f'"customer_id":{number},' in created.document.body
        assert f'"id":{created.document.id},' in created.document.body


def test_a_row_that_is_known_to_be_wrong_fails_without_a_second_try(
    connect: Connect, engine: Engine
) -> None:
    async def main() -> list[Created | BaseException]:
        async with writing(connect) as orders:
            return await all_of(
                orders.submit(request(1)),
                orders.submit(request(2, currency="XXY")),
                orders.submit(request(3, created_at="2999-01-01T00:00:00Z")),
                orders.submit(
                    request(4, lines=[{"item_id": 1, "quantity": 1, "unit_price_cents": 1}])
                ),
                orders.submit(request(5)),
            )

    outcomes = asyncio.run(main())
    assert [type(outcome) for outcome in outcomes] == [
        Created,
        Unprocessable,
        Unprocessable,
        Unprocessable,
        Created,
    ]
    assert customers(engine) == [1, 5]


def test_of_equal_keys_in_a_batch_the_first_is_written_and_the_others_come_back(
    connect: Connect, engine: Engine
) -> None:
    batch = [request(1, "k"), request(2), request(1, "k"), request(3, "k"), request(4, "other")]
    transactions = Transactions(connect)
    outcomes = transactions.run(lambda session: order_creation.write(session, batch))
    transactions.close()
    assert [type(outcome) for outcome in outcomes] == [
        Created,
        Created,
        Conflict,
        Conflict,
        Created,
    ]
    assert customers(engine) == [1, 2, 4]


def test_a_key_of_another_caller_is_another_key(connect: Connect, engine: Engine) -> None:
    mine = request(1, "k")
    order = NewOrder(customer_id=2, total_cents=1)
    theirs = NewOrderRequest.of(order, Caller("bob", None), "k")
    transactions = Transactions(connect)
    outcomes = transactions.run(lambda session: order_creation.write(session, [mine, theirs]))
    transactions.close()
    assert [outcome.replayed for outcome in outcomes if isinstance(outcome, Created)] == [
        False,
        False,
    ]
    assert customers(engine) == [1, 2]


def test_a_key_that_is_being_purged_when_it_is_used_anew_is_kept(
    connect: Connect, engine: Engine
) -> None:
    async def main() -> list[Created]:
        async with writing(connect) as orders:
            first = await orders.submit(request(1, "k"))
            with engine.begin() as connection:
                connection.execute(text("UPDATE idempotency_keys SET expires_at = tally_now()"))
            with engine.connect() as purger, purger.begin() as purge:
                purger.execute(text("DELETE FROM idempotency_keys"))
                renewal = asyncio.create_task(orders.submit(request(1, "k")))
                await asyncio.to_thread(wait_for_blocked, engine)
                purge.commit()
            return [first, await renewal, await orders.submit(request(1, "k"))]

    first, renewal, again = asyncio.run(main())
    assert renewal.document.id != first.document.id
    assert again == Created(renewal.document, replayed=True)


def wait_for_blocked(engine: Engine) -> None:
    """Wait until a transaction of this database waits for a lock."""
    query = """
        SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')"""
    deadline = time.monotonic() + 60
    with engine.connect() as connection:
        while not connection.execute(text(query)).scalar_one():
            assert time.monotonic() < deadline, "nobody came to the lock"
            # What a transaction has once seen of others' activity it sees until it ends.
            connection.rollback()


def test_a_live_key_that_nobody_could_see_is_an_error_and_no_order(
    connect: Connect, engine: Engine
) -> None:
    """As when an instance of another release does not take the lock: the last line of defence."""

    async def main() -> list[Created | BaseException]:
        async with writing(connect) as orders:
            with engine.connect() as other, other.begin() as unseen:
                other.execute(
                    text(
                        "INSERT INTO idempotency_keys (caller, key, fingerprint, answer,"
                        " expires_at) VALUES ('alice', 'k', '', '', tally_now() + interval '1 h')"
                    )
                )
                late = asyncio.create_task(orders.submit(request(1, "k")))
                await asyncio.to_thread(wait_for_blocked, engine)
                unseen.commit()
            return await all_of(late)  # type: ignore[arg-type]

    [outcome] = asyncio.run(main())
    assert isinstance(outcome, Unprocessable)
    assert customers(engine) == []


def test_a_migration_under_a_running_writer_goes_unnoticed(
    connect: Connect, engine: Engine
) -> None:
    async def main() -> list[Created | BaseException]:
        async with writing(connect) as orders:
            before = await all_of(*(orders.submit(request(n, f"k{n}")) for n in range(1, 10)))
            with engine.begin() as connection:
                connection.execute(text("ALTER TABLE orders ADD COLUMN later text"))
            return before + await all_of(orders.submit(request(10, "k10")))

    assert all(isinstance(outcome, Created) for outcome in asyncio.run(main()))
    assert customers(engine) == list(range(1, 11))


def test_an_item_that_somebody_is_deleting_holds_up_nobody_else(
    connect: Connect, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO items (name, price_cents) VALUES ('held', 1), ('free', 1)")
        )

    def lines(item_id: int) -> dict[str, Any]:
        return {"lines": [{"item_id": item_id, "quantity": 1, "unit_price_cents": 1}]}

    async def main() -> list[Created | BaseException]:
        async with writing(connect) as orders:
            return await all_of(
                orders.submit(request(1, **lines(1))),
                orders.submit(request(2, **lines(2))),
                orders.submit(request(3, **lines(3))),
                orders.submit(request(4)),
            )

    with engine.connect() as holder, holder.begin() as deletion:
        holder.execute(text("DELETE FROM items WHERE name = 'held'"))
        held, free, unknown, plain = asyncio.run(main())
        deletion.rollback()
    assert isinstance(held, Unavailable)
    assert held.headers["Retry-After"] == "1"
    assert isinstance(free, Created)
    assert isinstance(unknown, Unprocessable)
    assert isinstance(plain, Created)
    assert customers(engine) == [2, 4]
