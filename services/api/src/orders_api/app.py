"""The one file that wires the API."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, nullcontext
from functools import partial
from typing import Any, Final, TypedDict

from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from opentelemetry.trace import Tracer

from orders.engine import Connect, database_connect, pooled_engine
from orders.metrics import Metrics, open_metrics
from orders.tracing import open_tracing, trace_statements
from orders_api.clients.batch_spans import BatchSpans
from orders_api.clients.database import Database
from orders_api.clients.group_commit import (
    Answer,
    GroupCommit,
    Limits,
    Observer,
    Request,
    Write,
)
from orders_api.clients.transactions import Transactions
from orders_api.clients.warehouse import Warehouse
from orders_api.metrics import OrderMetrics, observing, watch
from orders_api.middleware import RunningRequests, add_middleware, running_requests
from orders_api.openapi import Api
from orders_api.routes import (
    api_keys,
    auth,
    docs,
    event_sockets,
    events,
    exports,
    health,
    home,
    imports,
    items,
    orders,
    sales,
    users,
)
from orders_api.routes.access import Gate
from orders_api.routes.errors import add_error_handlers
from orders_api.routes.lab import sleeps, streams
from orders_api.services import idempotency, order_creation, order_moves
from orders_api.services.access import refresh_tokens
from orders_api.services.access.parts import Access, open_access
from orders_api.services.exports.exports import Exports
from orders_api.services.feed.feed import Feed, open_feed
from orders_api.services.order_creation import Created, NewOrderRequest
from orders_api.services.readiness import Readiness
from orders_api.services.sales import SalesReader
from orders_api.settings import Settings

_log = logging.getLogger(__name__)
_PURGE_EVERY_S: Final = 600
# Of the 40 threads that work with the database.
_MOST_WAITERS: Final = 20


ROUTERS: Final = (
    orders.writing,
    events.following,
    events.tickets,
    event_sockets.router,
    orders.reading,
    imports.router,
    exports.router,
    items.reading,
    items.writing,
    sales.router,
    auth.public,
    auth.known,
    users.router,
    api_keys.router,
    streams.router,
    sleeps.router,
    health.router,
    home.router,
    docs.router,
)
"""In the order in which they are searched."""


class State(TypedDict):
    """What lives as long as the application does; routes find it in `request.state`."""

    settings: Settings
    database: Database
    metrics: Metrics
    tracer: Tracer | None
    order_metrics: OrderMetrics
    order_writer: GroupCommit[NewOrderRequest, Created]
    order_mover: order_moves.Mover
    sales: SalesReader
    exports: Exports
    feed: Feed
    access: Access
    gate: Gate
    running: RunningRequests
    readiness: Readiness


def create_app(settings: Settings | None = None, *, metrics: Metrics | None = None) -> FastAPI:
    """Return the application; it reads settings and makes connections when it starts.

    Args:
        settings: Read from the environment when the application starts, if left out.
        metrics: Takes what is measured, in place of the backends that the settings turn on.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        chosen = settings or Settings.from_environment(os.environ)
        with (
            database_connect(chosen) as connect,
            pooled_engine(connect, chosen) as engine,
            nullcontext(metrics) if metrics else open_metrics(chosen) as measured,
            open_tracing(chosen, "tally-api") as tracer,
            closing(SalesReader(Warehouse(chosen), chosen.sales_cache_s)) as reader,
            closing(Exports(connect, chosen.export_wait_s, chosen.export_timeout_s)) as exporter,
        ):
            waiters = min(max(1, chosen.db_pool_size // 2), _MOST_WAITERS)
            database = Database(engine, waiters=waiters)
            trace_statements(engine, tracer)
            order_metrics = OrderMetrics(measured)
            creations = (
                observing(measured, "create", order_metrics.count_created),
                BatchSpans(tracer, "create orders"),
            )
            moves = observing(measured, "move"), BatchSpans(tracer, "move orders")
            async with (
                running_requests() as running,
                _group_commit(order_creation.write, chosen, connect, *creations) as writer,
                _group_commit(order_moves.write, chosen, connect, *moves) as mover,
                _purging(database),
                open_access(chosen, database) as access,
                open_feed(connect, database, chosen) as feed,
            ):
                watch(measured, engine, {"create": writer, "move": mover})
                yield State(
                    settings=chosen,
                    database=database,
                    metrics=measured,
                    tracer=tracer,
                    order_metrics=order_metrics,
                    order_writer=writer,
                    order_mover=mover,
                    sales=reader,
                    exports=exporter,
                    feed=feed,
                    access=access,
                    gate=Gate(chosen, access.authenticator, access.limiter),
                    running=running,
                    readiness=Readiness(database, chosen.ready_timeout_s),
                )

    app = _api(lifespan=lifespan)
    add_middleware(app)
    app.mount("/v1", _api("/v1"))
    return app


def _api(path: str = "", **options: Any) -> FastAPI:
    """Return the API as it answers under one path: the same under all."""
    app = Api(
        path,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        # Asked for at every request, even where nobody listens.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        **options,
    )
    add_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    # Else FastAPI makes the routes at the first request, which would wait for them; and two threads
    # that make those of two applications at once get in each other's way.
    list(iter_route_contexts(app.routes))
    return app


@asynccontextmanager
async def _group_commit(
    write: Write[Request, Answer],
    settings: Settings,
    connect: Connect,
    observe: Observer,
    spans: BatchSpans,
) -> AsyncIterator[GroupCommit[Request, Answer]]:
    limits = Limits(settings.writer_connections, settings.writer_batch, settings.writer_queue)
    group = GroupCommit(write, partial(Transactions, connect), limits, observe, spans)
    try:
        yield group
    finally:
        await group.close()


@asynccontextmanager
async def _purging(database: Database) -> AsyncIterator[None]:
    """Remove what has expired now and then; whatever goes wrong, again next time."""

    async def purge() -> None:
        while True:
            await asyncio.sleep(_PURGE_EVERY_S)
            try:
                await run_sync(idempotency.purge, database)
                await run_sync(refresh_tokens.purge, database)
            except Exception:  # noqa: BLE001  whatever it is, the task must go on
                _log.exception("what has expired stays for now")

    task = asyncio.create_task(purge())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _operation_id(route: APIRoute) -> str:
    return route.name
