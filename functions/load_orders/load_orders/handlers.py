"""HTTP in front of the use cases: a JSON object in, a JSON object or a problem out."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http import HTTPStatus
from typing import Any, Literal, TypeVar
from uuid import uuid4

import pg8000.exceptions
from flask import Request, Response
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from opentelemetry.trace import Tracer
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from requests.exceptions import RequestException
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from load_orders.app import Parts
from load_orders.load import load_day
from load_orders.measures import measured_load, measured_reconciling
from load_orders.reconcile import reconcile
from orders.problems import (
    CONTENT_TYPE,
    BadGateway,
    BadRequest,
    MethodNotAllowed,
    Problem,
    Unavailable,
)
from orders.tracing import flush, server_span

_log = logging.getLogger(__name__)
_Body = TypeVar("_Body", bound=BaseModel)


class _LoadRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    day: date
    mode: Literal["closed", "open"] = "closed"


class _ReconcileRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=30, ge=1, le=3650)


def handle_load(request: Request, parts: Callable[[], Parts]) -> Response:
    """Answer `POST {"day": "2026-11-19", "mode": "closed"}` with a `Load` as JSON.

    400 for a bad or future day, 409 while the day is not closed, 502 when BigQuery and 503 when
    Postgres fails; every one may be repeated.
    """

    def work() -> dict[str, Any]:
        wanted = _parse(request, _LoadRequest)
        settings, engine, warehouse, metrics, tracer = parts()
        with _traced(request, tracer, "load"), measured_load(metrics) as staged:
            load = load_day(
                engine, warehouse, settings, day=wanted.day, mode=wanted.mode, metrics=metrics
            )
            staged(load)
        return load.as_json()

    return _answer(request, work)


def handle_reconcile(request: Request, parts: Callable[[], Parts]) -> Response:
    """Answer `POST {"days": 30}` with what was compared, 409 with every difference."""

    def work() -> dict[str, Any]:
        wanted = _parse(request, _ReconcileRequest)
        _, engine, warehouse, metrics, tracer = parts()
        with _traced(request, tracer, "reconcile"), measured_reconciling(metrics):
            return reconcile(engine, warehouse, days=wanted.days)

    return _answer(request, work)


@contextmanager
def _traced(request: Request, tracer: Tracer | None, name: str) -> Iterator[None]:
    """Work in the caller's trace; its spans are exported before the processor may stop."""
    try:
        with server_span(tracer, name, {key.lower(): value for key, value in request.headers}):
            yield
    finally:
        flush(tracer)


def _parse(request: Request, model: type[_Body]) -> _Body:
    try:
        return model.model_validate_json(request.get_data() or b"{}")
    except ValidationError as error:
        errors = [
            {"pointer": "/" + "/".join(map(str, one["loc"])), "detail": one["msg"]}
            for one in error.errors(include_url=False)
        ]
        raise BadRequest("the body is not what this function takes", errors=errors) from None


def _answer(request: Request, work: Callable[[], dict[str, Any]]) -> Response:
    request_id = request.headers.get("X-Request-Id") or uuid4().hex
    try:
        _check_method(request)
        return Response(json.dumps(work()), mimetype="application/json")
    except Exception as error:  # noqa: BLE001  the edge of the process: every error is answered
        problem = _as_problem(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.exception("request %s failed", request_id)
        body = json.dumps(problem.body(request.path, request_id))
        return Response(body, problem.status, problem.headers, content_type=CONTENT_TYPE)


def _check_method(request: Request) -> None:
    if request.method != "POST":
        raise MethodNotAllowed("send a POST with a JSON body", allow="POST")


def _as_problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case GoogleAPIError() | GoogleAuthError() | RequestException():
            return BadGateway(f"BigQuery failed: {_first_line(error)}", slug="bigquery-failed")
        case DBAPIError() | PoolTimeoutError() | pg8000.exceptions.Error() | OSError():
            return Unavailable(f"Postgres failed: {_first_line(error)}", slug="postgres-failed")
        case _:
            return Problem("something unexpected happened; the log has it under the request id")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
