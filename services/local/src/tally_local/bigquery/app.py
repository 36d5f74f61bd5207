from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from tally_local.bigquery.engine import Engine, close_engine, open_engine
from tally_local.bigquery.errors import ApiError, NotFoundError
from tally_local.bigquery.routes.datasets import DATASETS
from tally_local.bigquery.routes.discovery import DISCOVERY
from tally_local.bigquery.routes.http import answer_error
from tally_local.bigquery.routes.jobs import JOBS
from tally_local.bigquery.routes.queries import QUERIES, RecentRequests
from tally_local.bigquery.routes.rows import ROWS
from tally_local.bigquery.routes.service import HEALTH, PROJECTS
from tally_local.bigquery.routes.tables import TABLES
from tally_local.bigquery.routes.uploads import UPLOADS, Uploads


class State(TypedDict):
    """What lives as long as the application, and every request sees."""

    engine: Engine
    recent: RecentRequests
    uploads: Uploads


def create_app(data_dir: Path, *, default_location: str = "US") -> Starlette:
    """Return the local BigQuery endpoint on a data directory, which one process may open.

    Nothing is opened before the lifespan begins. A query waits until the analyzer has loaded.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        engine = await run_in_threadpool(open_engine, data_dir, default_location)
        uploads = Uploads(data_dir / "uploads")
        await run_in_threadpool(uploads.clear)
        try:
            yield {"engine": engine, "recent": RecentRequests(), "uploads": uploads}
        finally:
            await run_in_threadpool(close_engine, engine)

    api: list[BaseRoute] = [*PROJECTS, *ROWS, *TABLES, *DATASETS, *JOBS, *QUERIES]
    return Starlette(
        routes=[*HEALTH, *DISCOVERY, *UPLOADS, Mount("/bigquery/v2", routes=api)],
        lifespan=lifespan,
        exception_handlers={
            ApiError: answer_error,
            HTTPException: _no_route,
            Exception: answer_error,
        },
    )


async def _no_route(request: Request, _: Exception) -> Response:
    missing = NotFoundError(f"Not found: {request.method} {request.url.path}")
    return await answer_error(request, missing)
