"""Connections that are lost at any byte, and the exact ones: before a COMMIT, and after it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders.engine import database_connect
from orders.problems import Unavailable
from orders_api.clients.group_commit import GroupCommit, Limits
from orders_api.clients.transactions import Transactions
from orders_api.schemas.caller import Caller
from orders_api.schemas.order import NewOrder
from orders_api.services import order_creation
from orders_api.services.order_creation import Created, NewOrderRequest
from orders_api.settings import Settings
from tally_testing.retrying import NEW, RetryingClient, assert_made_once
from tally_testing.serving import serving
from tally_testing.tcp_proxy import (
    AtCommit,
    Direction,
    End,
    Link,
    Moment,
    RandomCuts,
    TcpProxy,
    tcp_proxy,
)
from tally_testing.waiting import wait_until

CLIENTS = 8
ORDERS = 1_000
MOMENTS: list[Moment] = ["before", "after"]


@pytest.fixture
def postgres(database_url: str) -> Iterator[TcpProxy]:
    """A proxy in front of the test's database."""
    with tcp_proxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def api(postgres: TcpProxy) -> Iterator[httpx.Client]:
    """A client of an API that reaches its database through the proxy."""
    with serving(settings_for(postgres)) as client:
        yield client


def settings_for(postgres: TcpProxy) -> Settings:
    values = {"database_url": postgres.url, "db_connect_timeout_s": 0.5}
    return Settings.model_validate(values)


@pytest.mark.slow
def test_a_thousand_orders_over_connections_that_are_cut_at_random_bytes(
    postgres: TcpProxy, api: httpx.Client, engine: Engine
) -> None:
    items = [api.post("/items", json={"name": "x", "price": 1}).json()["id"] for _ in range(3)]
    orders = {f"key {n}": random_order(Random(n), items) for n in range(ORDERS)}
    with tcp_proxy(str(api.base_url)) as front, ThreadPoolExecutor(CLIENTS) as threads:
        postgres.watch = RandomCuts(1, up=40_000, down=40_000)
        front.watch = RandomCuts(2, up=2_000, down=2_000)
        keys = list(orders)
        shares = [{key: orders[key] for key in keys[n::CLIENTS]} for n in range(CLIENTS)]
        done = list(threads.map(partial(create_all, front.url), shares))
    postgres.watch = Link.send
    answers = {key: answer for answered, _ in done for key, answer in answered.items()}
    assert front.cuts > 300
    assert postgres.cuts > 30
    assert sum(replayed for _, replayed in done) > 50
    assert len(answers) == ORDERS
    assert_made_once(engine, api, answers)


def random_order(random: Random, items: list[int]) -> dict[str, Any]:
    """Return an order, every third with lines."""
    total_cents = random.randint(0, 10**6)
    order = {"customer_id": random.randint(1, 99), "total_cents": total_cents}
    if random.randrange(3):
        return order
    line = {"item_id": random.choice(items), "quantity": 1, "unit_price_cents": total_cents}
    free = {"item_id": random.choice(items), "quantity": 5, "unit_price_cents": 0}
    return order | {"lines": [line, free], "metadata": {"note": "x" * random.randint(0, 500)}}


def create_all(url: str, orders: dict[str, dict[str, Any]]) -> tuple[dict[str, bytes], int]:
    """Return the answers, and how many were replays when they came for the first time."""
    client = RetryingClient(url)
    answers, replayed = {}, 0
    for n, (key, order) in enumerate(orders.items()):
        response = client.create(key, order)
        assert response.status_code == 201, response.text
        answers[key] = response.content
        replayed += "idempotency-replayed" in response.headers
        if n % 5 == 0:
            again = client.create(key, order)
            assert again.headers["idempotency-replayed"] == "true"
            assert (again.status_code, again.content) == (201, response.content)
        if n % 7 == 0:
            other = client.create(key, order | {"region": "eu-west"})
            assert other.json()["type"] == "/problems/idempotency-mismatch"
    client.close()
    return answers, replayed


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_connection_cut_at_commit(
    postgres: TcpProxy, api: httpx.Client, engine: Engine, moment: Moment, how: End
) -> None:
    """Cut before, the order is written once more; cut after, it is found to be there."""
    postgres.watch = watch = AtCommit(moment, lambda link: link.cut(how))
    response = api.post("/orders", json=NEW)
    assert response.status_code == 201, response.text
    assert (watch.done, postgres.cuts) == (True, 1)
    assert watch.commits == (2 if moment == "before" else 1)
    assert rows(engine) == [(response.json()["id"], 42, "I")]


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    """Return the orders, each with its changes."""
    query = """
        SELECT id, orders.customer_id, op FROM orders FULL JOIN order_changes ON order_id = id"""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@asynccontextmanager
async def writing(
    postgres: TcpProxy, limits: Limits | None = None, patience_s: float = 60
) -> AsyncIterator[GroupCommit[NewOrderRequest, Created]]:
    """A writer that soon takes silence for a loss."""
    with database_connect(settings_for(postgres)) as connect:
        impatient = partial(Transactions, connect, silence_s=1, patience_s=patience_s)
        group = GroupCommit(order_creation.write, impatient, limits or Limits(), lambda _: None)
        try:
            yield group
        finally:
            await group.close()


def create(postgres: TcpProxy, patience_s: float = 60) -> Created | BaseException:
    """Return the outcome of the request."""

    async def submit() -> Created | BaseException:
        async with writing(postgres, patience_s=patience_s) as group:
            [outcome] = await asyncio.gather(group.submit(REQUEST), return_exceptions=True)
            return outcome

    return asyncio.run(submit())


ORDER = NewOrder.model_validate(NEW)
REQUEST = NewOrderRequest.of(ORDER, Caller("alice", None), "k-1")


def open_transactions(engine: Engine) -> int:
    """Return how many transactions of the database have written and are open."""
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_xid IS NOT NULL"""
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_database_out_of_reach_after_a_cut_at_commit_leaves_the_outcome_unknown(
    postgres: TcpProxy, engine: Engine, moment: Moment
) -> None:
    def cut_off(link: Link) -> None:
        postgres.mode = "refuse"
        link.cut()

    postgres.watch = AtCommit(moment, cut_off)
    unknown = create(postgres, patience_s=0.2)
    assert isinstance(unknown, Unavailable)
    assert "the outcome is not known" in unknown.detail
    postgres.mode = "forward"
    # Until Postgres has noticed the loss, the request still runs.
    wait_until(lambda: not open_transactions(engine), "the transaction was over")
    created = create(postgres)
    assert isinstance(created, Created)
    assert created.replayed == (moment == "after")
    assert rows(engine) == [(created.document.id, 42, "I")]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_postgres_that_falls_silent_at_commit_is_given_up_and_asked_again(
    postgres: TcpProxy, engine: Engine, moment: Moment
) -> None:
    """Postgres does not notice: before its COMMIT came, the old transaction is still open."""
    postgres.watch = watch = AtCommit(moment, Link.swallow)
    created = create(postgres)
    assert isinstance(created, Created), created
    assert watch.commits == (2 if moment == "before" else 1)
    assert rows(engine) == [(created.document.id, 42, "I")]


class AtInsert:
    """Lets a link fall silent when the first orders shall be inserted.

    Attributes:
        done: Whether that has happened.
    """

    def __init__(self, also: Callable[[], None] = lambda: None) -> None:
        self.done = False
        self._also = also

    def __call__(self, link: Link, direction: Direction, data: bytes, /) -> None:
        if self.done or b"INSERT INTO orders" not in data:
            link.send(direction, data)
            return
        self.done = True
        link.swallow()
        self._also()


def test_a_postgres_that_falls_silent_while_it_writes_is_given_up_and_asked_again(
    postgres: TcpProxy, engine: Engine
) -> None:
    """The old transaction has the lock of the key: it is ended first."""
    postgres.watch = watch = AtInsert()
    created = create(postgres)
    assert watch.done
    assert isinstance(created, Created), created
    assert rows(engine) == [(created.document.id, 42, "I")]


def test_a_postgres_that_is_silent_for_good_ends_what_was_left_open_by_itself(
    postgres: TcpProxy, engine: Engine
) -> None:
    """As when an instance of the API is gone from one moment to the next, network and all."""

    def fall_silent() -> None:
        postgres.mode = "swallow"

    postgres.watch = watch = AtInsert(fall_silent)
    refused = create(postgres)
    assert watch.done
    assert isinstance(refused, Unavailable)
    assert "not known" not in refused.detail
    wait_until(lambda: not open_transactions(engine), "the transaction was over")
    assert not rows(engine)
    postgres.mode = "forward"
    created = create(postgres)
    assert isinstance(created, Created)
    assert not created.replayed


@pytest.mark.parametrize("moment", ["write", "commit"])
def test_an_order_that_postgres_holds_up_for_too_long_is_refused_and_leaves_nothing(
    postgres: TcpProxy, engine: Engine, moment: str
) -> None:
    """Nobody is lost here: the transactions wait for a lock, and would be carried out later."""
    if moment == "commit":
        wait_at_commit(engine, "day_closings")
    table = {"write": "order_changes", "commit": "day_closings"}[moment]
    with engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        refused = create(postgres)
        assert isinstance(refused, Unavailable), refused
        assert "not known" not in refused.detail
        assert not open_transactions(engine)
    assert not rows(engine)
    created = create(postgres)
    assert isinstance(created, Created)
    assert not created.replayed


def wait_at_commit(engine: Engine, table: str) -> None:
    """Let whoever has written an order need this table when it commits."""
    with engine.begin() as connection:
        connection.execute(
            text(f"""
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN LOCK TABLE {table} IN SHARE MODE; RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON orders
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()""")
        )


def test_writers_that_reached_no_database_refuse_nobody_who_comes_later(
    postgres: TcpProxy,
) -> None:
    """Each tells all who wait, and those alone."""
    request = NewOrderRequest.of(ORDER, Caller("alice", None))

    async def submit_all() -> list[Created | BaseException]:
        later: list[Created | BaseException] = []
        async with writing(postgres, Limits(writers=2, batch=1)) as group:
            for _ in range(20):
                postgres.mode = "refuse"
                postgres.cut_all()
                waiting = (group.submit(request) for _ in range(100))
                await asyncio.gather(*waiting, return_exceptions=True)
                postgres.mode = "forward"
                later += await asyncio.gather(group.submit(request), return_exceptions=True)
        return later

    assert all(isinstance(outcome, Created) for outcome in asyncio.run(submit_all()))
