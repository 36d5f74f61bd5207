"""Group commit on a real Postgres: who is written with whom, and what each is told."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy import Engine, text

from orders.engine import Connect, database_connect
from orders.problems import NotFound, Unavailable, Unprocessable
from orders.settings import DatabaseSettings
from orders_api.clients.group_commit import Batch, Limits
from orders_api.clients.transactions import Session, UnreachableError
from orders_api.services import order_creation
from orders_api.services.order_creation import Created, NewOrderRequest
from tally_testing.writing import all_of, customers, held, request, writing


@pytest.fixture
def connect(database_url: str) -> Any:
    settings = DatabaseSettings.model_validate({"database_url": database_url})
    with database_connect(settings) as connect:
        yield connect


def refuse_customer(engine: Engine, customer_id: int) -> None:
    """Let Postgres refuse what the API does not know to be wrong."""
    with engine.begin() as connection:
        check = f"ALTER TABLE orders ADD CONSTRAINT bad CHECK (customer_id <> {customer_id})"
        connection.execute(text(check))


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
    assert sum(len(batch.requests) for batch in batches) == 51
    assert len(batches) <= 2
    assert all(batch.waited_s >= 0 and batch.written_s > 0 for batch in batches)
    with engine.connect() as connection:
        transactions = connection.execute(text("SELECT count(DISTINCT xmin::text) FROM orders"))
        assert transactions.scalar_one() == len(batches)
    assert customers(engine) == list(range(1, 52))


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
