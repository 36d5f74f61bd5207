"""What every route shares: bodies in, JSON out, the engine from the application's state."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import ApiError, InvalidError, UnsupportedError
from tally_local.bigquery.integers import whole_number

Handler = Callable[[Request, Engine, dict[str, Any]], Response]


async def read_body(request: Request) -> bytes:
    """Return the request's body, unpacked if it came gzipped."""
    body = await request.body()
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return body
    try:
        return await run_in_threadpool(gzip.decompress, body)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidError(f"The request's body is not gzip: {error}") from error


def parse_json(body: bytes) -> dict[str, Any]:
    """Return a JSON object; an empty body counts as an empty one."""
    try:
        parsed = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise InvalidError(f"Parse Error: invalid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise InvalidError("Parse Error: a JSON object is expected")
    return parsed


def route(path: str, handlers: Mapping[str, Handler]) -> Route:
    """Return a route whose handlers, one a method, run in a thread."""

    async def endpoint(request: Request) -> Response:
        body = parse_json(await read_body(request))
        method = request.headers.get("x-http-method-override", request.method)
        handler = handlers.get(method)
        if handler is None:
            raise InvalidError(f"Method {method} is not allowed here")
        return await run_in_threadpool(handler, request, request.state.engine, body)

    methods = sorted({*handlers, "POST"})
    return Route(path, endpoint, methods=methods)


def refuse(what: str) -> Handler:
    """Return a handler that answers 501 with the name of what is missing."""

    def handler(_: Request, __: Engine, ___: dict[str, Any]) -> Response:
        raise UnsupportedError(f"{what} is not supported by the local BigQuery endpoint")

    return handler


def etag(resource: Mapping[str, Any]) -> str:
    """Return the etag of a resource's content."""
    digest = hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()
    return f'"{digest[:22]}"'


def paged(items: list[Any], params: Mapping[str, str]) -> tuple[list[Any], dict[str, str]]:
    """Cut a listing by `maxResults` and `pageToken`."""
    start = page_token(params)
    size = whole_number(params, "maxResults") or 1000
    after = start + size
    return items[start:after], {"nextPageToken": str(after)} if after < len(items) else {}


def page_token(params: Mapping[str, str]) -> int:
    """Return the row or item that a `pageToken` of ours points to."""
    return whole_number(params, "pageToken") or 0


def first_row(params: Mapping[str, str]) -> int:
    """Return the row where a page of rows begins, by its token or else by `startIndex`."""
    return (
        page_token(params) if params.get("pageToken") else whole_number(params, "startIndex") or 0
    )


async def answer_error(_: Request, error: Exception) -> Response:
    """Answer a failure with BigQuery's error body."""
    if isinstance(error, ApiError):
        return JSONResponse(error.body(), status_code=error.status)
    kind = type(error).__name__
    failure = UnsupportedError(f"The local BigQuery endpoint failed: {kind}: {error}")
    return JSONResponse(failure.body(), status_code=failure.status)
