"""Requests with one key that meet: each interleaving is forced, none is waited for."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders.engine import database_connect
from orders.problems import Unprocessable
from orders.settings import DatabaseSettings
from orders_api.clients.group_commit import Batch, GroupCommit, Limits
from orders_api.clients.transactions import Session, Transactions
from orders_api.schemas.caller import Caller
from orders_api.schemas.order import NewOrder
from orders_api.services import order_creation
from orders_api.services.order_creation import Created, NewOrderRequest
from orders_api.settings import Settings
from tally_testing.serving import serving

NEW = {"customer_id": 42, "total_cents": 1999}
Orders = GroupCommit[NewOrderRequest, Created]
Post = Callable[..., Future[httpx.Response]]


@pytest.fixture
def instances(database_url: str) -> Iterator[tuple[Post, Post]]:
    """Two instances of the API on one database; each posts from threads of its own."""
    settings = Settings.model_validate({"database_url": database_url})
    with serving(settings) as one, serving(settings) as two, ThreadPoolExecutor(16) as threads:

        def posting(api: httpx.Client) -> Post:
            def post(key: str | None, **fields: object) -> Future[httpx.Response]:
                headers = {} if key is None else {"Idempotency-Key": key}
                return threads.submit(api.post, "/orders", json=NEW | fields, headers=headers)

            return post

        yield posting(one), posting(two)


@contextmanager
def writers_held(engine: Engine) -> Iterator[None]:
    """Let whoever writes an order stop in the middle of its transaction, until the block ends."""
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE order_changes IN EXCLUSIVE MODE"))
        yield


def wait_for_writers(engine: Engine, number: int) -> None:
    """Wait until so many transactions stand still at the lock."""
    query = """
        SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE NOT granted AND datname = current_database()"""
    deadline = time.monotonic() + 60
    with engine.connect() as connection:
        while connection.execute(text(query)).scalar_one() != number:
            assert time.monotonic() < deadline, "the writers did not come to the lock"


def orders(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM orders")).scalar_one())


def test_an_equal_request_on_another_instance_is_told_that_the_first_runs(
    instances: tuple[Post, Post], engine: Engine, problem: Any
) -> None:
    here, there = instances
    with writers_held(engine):
        first = here("k-1")
        wait_for_writers(engine, 1)
        body = problem(there("k-1").result())
        assert body["type"] == "/problems/idempotency-in-progress"
    assert first.result().status_code == 201
    again = there("k-1").result()
    assert again.content == first.result().content
    assert again.headers["idempotency-replayed"] == "true"
    assert orders(engine) == 1


def test_another_body_on_another_instance_is_told_the_same_until_it_is_known(
    instances: tuple[Post, Post], engine: Engine, problem: Any
) -> None:
    here, there = instances
    with writers_held(engine):
        first = here("k-1")
        wait_for_writers(engine, 1)
        body = problem(there("k-1", total_cents=1).result())
        assert body["type"] == "/problems/idempotency-in-progress"
    assert first.result().status_code == 201
    body = problem(there("k-1", total_cents=1).result())
    assert body["type"] == "/problems/idempotency-mismatch"
    assert orders(engine) == 1


def while_the_first_is_written(
    url: str, first: NewOrderRequest, second: NewOrderRequest
) -> tuple[Created | BaseException, Created | BaseException]:
    """Return both outcomes; the second is asked for when the first is written, not committed."""

    async def main() -> tuple[Created | BaseException, Created | BaseException]:
        loop = asyncio.get_running_loop()
        written, go_on = asyncio.Event(), threading.Event()
        batches: list[Batch] = []

        def write(session: Session, requests: Sequence[NewOrderRequest]) -> Any:
            outcomes = order_creation.write(session, requests)
            loop.call_soon_threadsafe(written.set)
            go_on.wait()
            return outcomes

        settings = DatabaseSettings.model_validate({"database_url": url})
        with database_connect(settings) as connect:
            transactions = partial(Transactions, connect)
            writer: Orders = GroupCommit(write, transactions, Limits(), batches.append)
            one = asyncio.create_task(writer.submit(first))
            await written.wait()
            two = asyncio.create_task(writer.submit(second))
            await asyncio.sleep(0)
            go_on.set()
            outcomes = await asyncio.gather(one, two, return_exceptions=True)
            await writer.close()
        assert batches[0].queued == 1, "the second did not wait when the first was committed"
        return outcomes

    return asyncio.run(main())


def keyed(**fields: object) -> NewOrderRequest:
    return NewOrderRequest.of(NewOrder.model_validate(NEW | fields), Caller("alice", None), "k-1")


def test_one_who_comes_while_the_first_is_being_written_here_gets_its_answer(
    database_url: str, engine: Engine
) -> None:
    first, again = while_the_first_is_written(database_url, keyed(), keyed())
    assert isinstance(first, Created)
    assert not first.replayed
    assert again == first._replace(replayed=True)
    assert orders(engine) == 1


def test_another_body_that_comes_while_the_first_is_being_written_here_is_refused(
    database_url: str, engine: Engine
) -> None:
    first, other = while_the_first_is_written(database_url, keyed(), keyed(total_cents=1))
    assert isinstance(first, Created)
    assert isinstance(other, Unprocessable)
    assert other.slug == "idempotency-mismatch"
    assert orders(engine) == 1


def test_a_first_that_fails_leaves_the_key_to_the_next(
    instances: tuple[Post, Post], engine: Engine
) -> None:
    """The writer's backend is ended in the middle; what it had written is gone with it."""
    here, there = instances
    end = """
        SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE NOT granted AND locktype = 'relation'"""
    with writers_held(engine):
        first = here("k-1")
        wait_for_writers(engine, 1)
        with engine.connect() as connection:
            connection.execute(text(end))
        # The API carries it out once more, on a new connection.
        wait_for_writers(engine, 1)
    assert first.result().status_code == 201
    assert there("k-1").result().content == first.result().content
    assert orders(engine) == 1
