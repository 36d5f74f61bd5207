"""Group commit on a real Postgres: who is written with whom, and what each is told."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy import Engine, text

from orders.engine import Connect, database_connect
from orders.problems import Conflict, NotFound, Unavailable, Unprocessable
from orders.settings import DatabaseSettings
from orders_api.clients.group_commit import Batch, GroupCommit, Limits, Observer
from orders_api.clients.transactions import Session, Transactions, UnreachableError
from orders_api.schemas.order import NewOrder
from orders_api.services import order_creation
from orders_api.services.order_creation import Created, NewOrderRequest
from orders_api.services.order_writes import Caller

Orders = GroupCommit[NewOrderRequest, Created]


@pytest.fixture
def connect(database_url: str) -> Any:
    settings = DatabaseSettings.model_validate({"database_url": database_url})
    with database_connect(settings) as connect:
        yield connect


@asynccontextmanager
async def writing(
    connect: Connect,
    limits: Limits | None = None,
    observe: Observer = lambda _: None,
    write: Any = order_creation.write,
) -> AsyncIterator[Orders]:
    group: Orders = GroupCommit(write, partial(Transactions, connect), limits or Limits(), observe)
    try:
        yield group
    finally:
        await group.close()


def request(customer_id: int, key: str | None = None, **fields: Any) -> NewOrderRequest:
    order = NewOrder.model_validate({"customer_id": customer_id, "total_cents": 1} | fields)
    return NewOrderRequest.of(order, Caller("alice", None), key)


def customers(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        query = text("SELECT customer_id FROM orders ORDER BY id")
        return list(connection.execute(query).scalars())


async def all_of(*waiting: Coroutine[Any, Any, Created]) -> list[Created | BaseException]:
    return await asyncio.gather(*waiting, return_exceptions=True)


def refuse_customer(engine: Engine, customer_id: int) -> None:
    """Let Postgres refuse what the API does not know to be wrong."""
    with engine.begin() as connection:
        check = f"ALTER TABLE orders ADD CONSTRAINT bad CHECK (customer_id <> {customer_id})"
        connection.execute(text(check))


def held(
    release: asyncio.Event, loop: asyncio.AbstractEventLoop, then: Any = order_creation.write
) -> Any:
    """Return a `write` that stops before each batch until it may go on."""

    def write(
        session: Session, requests: Sequence[NewOrderRequest]
    ) -> Sequence[Created | Exception]:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
        outcomes: Sequence[Created | Exception] = then(session, requests)
        return outcomes

    return write


def test_those_who_wait_together_are_one_transaction(connect: Connect, engine: Engine) -> None:
    async def main() -> list[Batch]:
        batches: list[Batch] = []
        release = asyncio.Event()
        write = held(release, asyncio.get_running_loop())
        async with writing(connect, observe=batches.append, write=write) as orders:
            first = asyncio.create_task(orders.submit(request(1)))
            await asyncio.sleep(0)
            rest = [asyncio.create_task(orders.submit(request(n))) for n in range(2, 52)]
            await asyncio.sleep(0)
            release.set()
            await asyncio.gather(first, *rest)
            await asyncio.sleep(0)
        return batches

    batches = asyncio.run(main())
    assert sum(batch.size for batch in batches) == 51
    assert len(batches) <= 2
    assert all(batch.waited_s >= 0 and batch.written_s > 0 for batch in batches)
    with engine.connect() as connection:
        transactions = connection.execute(text("SELECT count(DISTINCT xmin::text) FROM orders"))
        assert transactions.scalar_one() == len(batches)
    assert customers(engine) == list(range(1, 52))


def test_each_is_answered_with_its_own_order(connect: Connect) -> None:
    async def main() -> list[Created | BaseException]:
        async with writing(connect) as orders:
            return await all_of(*(orders.submit(request(n)) for n in range(1, 301)))

    for number, created in enumerate(asyncio.run(main()), start=1):
        assert isinstance(created, Created)
        assert f'"customer_id":{number},' in created.document.body
        assert f'"id":{created.document.id},' in created.document.body


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_a_row_that_postgres_refuses_fails_alone(
    connect: Connect, engine: Engine, size: int
) -> None:
    refuse_customer(engine, size)

    async def main() -> list[Created | BaseException]:
        async with writing(connect) as orders:
            return await all_of(*(orders.submit(request(n)) for n in range(1, size + 1)))

    *good, bad = asyncio.run(main())
    assert all(isinstance(outcome, Created) for outcome in good)
    assert isinstance(bad, Unprocessable)
    assert customers(engine) == list(range(1, size))


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


def test_one_too_many_is_told_to_come_back(connect: Connect, engine: Engine) -> None:
    async def main() -> list[Created | BaseException]:
        release = asyncio.Event()
        write = held(release, asyncio.get_running_loop())
        async with writing(connect, Limits(batch=1, queue=2), write=write) as orders:
            waiting = [asyncio.create_task(orders.submit(request(n))) for n in range(1, 6)]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            release.set()
            return await all_of(*(task for task in waiting))  # type: ignore[arg-type]

    outcomes = asyncio.run(main())
    refused = [outcome for outcome in outcomes if isinstance(outcome, Unavailable)]
    assert 2 <= len(refused) <= 3
    assert {problem.headers["Retry-After"] for problem in refused} == {"1"}
    assert len(customers(engine)) == 5 - len(refused)


def test_who_left_before_the_batch_began_asked_for_nothing(
    connect: Connect, engine: Engine
) -> None:
    async def main() -> None:
        release = asyncio.Event()
        write = held(release, asyncio.get_running_loop())
        async with writing(connect, Limits(batch=1), write=write) as orders:
            first = asyncio.create_task(orders.submit(request(1)))
            await asyncio.sleep(0)
            second = asyncio.create_task(orders.submit(request(2)))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.wait([second])
            release.set()
            await first

    asyncio.run(main())
    assert customers(engine) == [1]


def test_who_left_while_it_was_written_has_an_order_and_its_key_tells(
    connect: Connect, engine: Engine
) -> None:
    async def main() -> Created:
        entered, release = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        after = held(release, loop)

        def write(session: Session, requests: Sequence[NewOrderRequest]) -> Any:
            loop.call_soon_threadsafe(entered.set)
            return after(session, requests)

        async with writing(connect, write=write) as orders:
            first = asyncio.create_task(orders.submit(request(1, "k")))
            await entered.wait()
            first.cancel()
            await asyncio.wait([first])
            release.set()
            return await orders.submit(request(1, "k"))

    assert asyncio.run(main()).replayed
    assert customers(engine) == [1]


def test_closing_writes_what_waits_and_refuses_what_comes(connect: Connect, engine: Engine) -> None:
    async def main() -> list[Created | BaseException]:
        async with writing(connect, Limits(writers=3, batch=5)) as orders:
            waiting = [asyncio.create_task(orders.submit(request(n))) for n in range(1, 101)]
            await asyncio.sleep(0)
        late = orders.submit(request(101))
        return await all_of(*waiting, late)  # type: ignore[arg-type]

    *written, late = asyncio.run(main())
    assert all(isinstance(outcome, Created) for outcome in written)
    assert isinstance(late, Unavailable)
    assert sorted(customers(engine)) == list(range(1, 101))


def test_a_fault_of_ours_reaches_those_it_concerns_and_the_writer_goes_on(
    connect: Connect, engine: Engine
) -> None:
    async def main() -> list[Created | BaseException]:
        def write(session: Session, requests: Sequence[NewOrderRequest]) -> Any:
            outcomes = order_creation.write(session, requests)
            return outcomes[1:] if '"customer_id":1,' in requests[0].content else outcomes

        async with writing(connect, Limits(batch=1), write=write) as orders:
            return await all_of(*(orders.submit(request(n)) for n in (1, 2)))

    fault, created = asyncio.run(main())
    assert isinstance(fault, RuntimeError)
    assert isinstance(created, Created)
    assert customers(engine) == [2]


def test_a_problem_that_write_raises_is_everyones(connect: Connect, engine: Engine) -> None:
    async def main() -> list[Created | BaseException]:
        def write(_session: Session, _requests: object) -> Any:
            raise NotFound("nothing")

        async with writing(connect, write=write) as orders:
            return await all_of(*(orders.submit(request(n)) for n in (1, 2)))

    assert {type(outcome) for outcome in asyncio.run(main())} == {NotFound}
    assert customers(engine) == []


@pytest.mark.parametrize(("state", "written"), [("53200", [1, 2, 3, 4]), ("53100", [])])
def test_a_batch_that_is_too_large_is_halved_and_a_full_disk_is_said_at_once(
    connect: Connect, engine: Engine, state: str, written: list[int]
) -> None:
    async def main() -> list[Created | BaseException]:
        def write(session: Session, requests: Sequence[NewOrderRequest]) -> Any:
            if len(requests) > 1:
                raise DatabaseError({"S": "ERROR", "V": "ERROR", "C": state})
            return order_creation.write(session, requests)

        release = asyncio.Event()
        hold = held(release, asyncio.get_running_loop(), write)
        async with writing(connect, write=hold) as orders:
            first = asyncio.create_task(orders.submit(request(1)))
            await asyncio.sleep(0)
            rest = [asyncio.create_task(orders.submit(request(n))) for n in (2, 3, 4)]
            await asyncio.sleep(0)
            release.set()
            return await all_of(first, *rest)  # type: ignore[arg-type]

    outcomes = asyncio.run(main())
    assert {type(outcome) for outcome in outcomes[1:]} == {Created if written else Unavailable}
    assert set(written) <= set(customers(engine))


def test_a_database_that_is_away_is_said_to_be(engine: Engine) -> None:
    settings = DatabaseSettings.model_validate(
        {"database_url": "postgresql://a:b@127.0.0.1:1/c", "db_connect_timeout_s": 1}
    )

    async def main() -> list[Created | BaseException]:
        with database_connect(settings) as connect:
            async with writing(connect) as orders:
                return await all_of(orders.submit(request(1)))

    [outcome] = asyncio.run(main())
    assert isinstance(outcome, Unavailable)
    assert customers(engine) == []


def test_all_who_wait_for_a_database_that_is_away_are_told_at_once(engine: Engine) -> None:
    """One attempt to connect answers them all, not one a batch."""
    attempts: list[int] = []
    release = threading.Event()

    def refuse() -> Any:
        attempts.append(1)
        release.wait()
        raise InterfaceError("no connection to Postgres")

    async def main() -> list[Created | BaseException]:
        async with writing(refuse, Limits(batch=2)) as orders:
            waiting = [asyncio.create_task(orders.submit(request(n))) for n in range(1, 21)]
            await asyncio.sleep(0)
            release.set()
            return await all_of(*waiting)  # type: ignore[arg-type]

    assert {type(outcome) for outcome in asyncio.run(main())} == {UnreachableError}
    assert len(attempts) <= 2
    assert customers(engine) == []


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
