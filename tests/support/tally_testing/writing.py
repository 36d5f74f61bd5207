"""Orders written by a group commit of the test's own, on one event loop."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy import Engine, text

from orders.engine import Connect
from orders_api.clients.group_commit import GroupCommit, Limits, Observer
from orders_api.clients.transactions import Session, Transactions
from orders_api.schemas.caller import Caller
from orders_api.schemas.order import NewOrder
from orders_api.services import order_creation
from orders_api.services.order_creation import Created, NewOrderRequest

Orders = GroupCommit[NewOrderRequest, Created]


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
