"""The one file that wires the API."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypedDict

from fastapi import FastAPI
from fastapi.routing import APIRoute

from orders.engine import database_engine
from orders_api.clients.database import Database
from orders_api.middleware import HeadMiddleware, RequestIdMiddleware
from orders_api.routes import health, home, imports, items, orders
from orders_api.routes.documentation import ProblemBody
from orders_api.routes.errors import add_error_handlers
from orders_api.settings import Settings


class State(TypedDict):
    """What lives as long as the application does; routes find it in `request.state`."""

    settings: Settings
    database: Database


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Return the description of the API, with the schema that all problems share."""
        if self.openapi_schema is None:
            schemas = super().openapi()["components"]["schemas"]
            schemas["FieldError"] = _schema()["$defs"]["FieldError"]
            schemas["Problem"] = {k: v for k, v in _schema().items() if k != "$defs"}
        return super().openapi()


def _schema() -> dict[str, Any]:
    return ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; it reads settings and makes connections when it starts."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        chosen = settings or Settings.from_environment(os.environ)
        with database_engine(chosen) as engine:
            yield State(settings=chosen, database=Database(engine))

    app = _Api(
        title="Tally orders API",
        version="0.1.0",
        description="Takes orders, keeps them with their whole history, and sells items.",
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestIdMiddleware)
    add_error_handlers(app)
    for routes in (home, health, orders, imports, items):
        app.include_router(routes.router)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
