"""The one file that wires the API."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, TypedDict

from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi.routing import APIRoute

from orders.engine import Connect, database_connect, pooled_engine
from orders_api.clients.database import Database
from orders_api.clients.group_commit import (
    Answer,
    Batch,
    GroupCommit,
    Limits,
    Observer,
    Request,
    Write,
)
from orders_api.clients.transactions import Transactions
from orders_api.middleware import HeadMiddleware, RequestIdMiddleware
from orders_api.routes import health, home, imports, items, orders
from orders_api.routes.documentation import ProblemBody
from orders_api.routes.errors import add_error_handlers
from orders_api.services import idempotency, order_creation, order_moves
from orders_api.services.order_creation import Created, NewOrderRequest
from orders_api.settings import Settings

_log = logging.getLogger(__name__)
_PURGE_EVERY_S: Final = 600
# Of the 40 threads that work with the database.
_MOST_WAITERS: Final = 20


class State(TypedDict):
    """What lives as long as the application does; routes find it in `request.state`."""

    settings: Settings
    database: Database
    order_writer: GroupCommit[NewOrderRequest, Created]
    order_mover: order_moves.Mover


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Return the description of the API, with the schema that all problems share."""
        if self.openapi_schema is None:
            description = super().openapi()
            _mark_objects(description["paths"])
            schemas = description["components"]["schemas"]
            schemas["FieldError"] = _schema()["$defs"]["FieldError"]
            schemas["Problem"] = {k: v for k, v in _schema().items() if k != "$defs"}
        return super().openapi()


def _mark_objects(paths: dict[str, Any]) -> None:
    """Say how objects stand in a query: `metadata[key]=value`. FastAPI has no word for it."""
    for operation in (operation for path in paths.values() for operation in path.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["schema"].get("type") == "object":
                parameter |= {"style": "deepObject", "explode": True}


def _schema() -> dict[str, Any]:
    return ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")


def _ignore(_batch: Batch) -> None:
    """Nobody wants to know."""


def create_app(settings: Settings | None = None, *, observe: Observer = _ignore) -> FastAPI:
    """Return the application; it reads settings and makes connections when it starts.

    Args:
        settings: Read from the environment when the application starts, if left out.
        observe: Is told of every batch of new orders that was written.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        chosen = settings or Settings.from_environment(os.environ)
        with database_connect(chosen) as connect, pooled_engine(connect, chosen) as engine:
            waiters = min(max(1, chosen.db_pool_size // 2), _MOST_WAITERS)
            database = Database(engine, waiters=waiters)
            async with (
                _group_commit(order_creation.write, chosen, connect, observe) as writer,
                _group_commit(order_moves.write, chosen, connect, observe) as mover,
                _purging(database),
            ):
                yield State(
                    settings=chosen, database=database, order_writer=writer, order_mover=mover
                )

    app = _Api(
        title="Tally orders API",
        version="0.1.0",
        description="Takes orders, keeps them with their whole history, and sells items.",
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        # Asked for at every request, even where nobody listens.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestIdMiddleware)
    add_error_handlers(app)
    # Routers are searched in this order.
    for routes in (orders, imports, items, health, home):
        app.include_router(routes.router)
    return app


@asynccontextmanager
async def _group_commit(
    write: Write[Request, Answer], settings: Settings, connect: Connect, observe: Observer
) -> AsyncIterator[GroupCommit[Request, Answer]]:
    limits = Limits(settings.writer_connections, settings.writer_batch, settings.writer_queue)
    group = GroupCommit(write, partial(Transactions, connect), limits, observe)
    try:
        yield group
    finally:
        await group.close()


@asynccontextmanager
async def _purging(database: Database) -> AsyncIterator[None]:
    """Remove expired idempotency keys now and then; whatever goes wrong, again next time."""

    async def purge() -> None:
        while True:
            await asyncio.sleep(_PURGE_EVERY_S)
            try:
                await run_sync(idempotency.purge, database)
            except Exception:  # noqa: BLE001  whatever it is, the task must go on
                _log.exception("expired idempotency keys stay for now")

    task = asyncio.create_task(purge())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _operation_id(route: APIRoute) -> str:
    return route.name
