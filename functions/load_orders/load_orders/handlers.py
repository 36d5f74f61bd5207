"""HTTP in front of the use cases: a JSON object in, a JSON object or a problem out."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http import HTTPStatus
from typing import Any, Literal, TypeVar
from uuid import uuid4

from flask import Request, Response
from opentelemetry.trace import Tracer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from load_orders.app import Parts
from load_orders.failures import as_problem
from load_orders.load import load_day
from load_orders.maintain import maintain
from load_orders.measures import handed_over, measured_load, measured_reconciling
from load_orders.reconcile import reconcile
from orders.problems import CONTENT_TYPE, BadRequest, MethodNotAllowed
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


class _MaintainRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")


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


def handle_maintain(request: Request, parts: Callable[[], Parts]) -> Response:
    """Answer `POST {}` with what each part of the housekeeping has done.

    503 when a part failed, with what failed and what is done; it may be repeated.
    """

    def work() -> dict[str, Any]:
        _parse(request, _MaintainRequest)
        settings, engine, warehouse, metrics, tracer = parts()
        with _traced(request, tracer, "maintain"), handed_over(metrics):
            budget_s = settings.maintain_budget_s
            return maintain(engine, warehouse, budget_s=budget_s, metrics=metrics)

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
        problem = as_problem(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.exception("request %s failed", request_id)
        body = json.dumps(problem.body(request.path, request_id))
        return Response(body, problem.status, problem.headers, content_type=CONTENT_TYPE)


def _check_method(request: Request) -> None:
    if request.method != "POST":
        raise MethodNotAllowed("send a POST with a JSON body", allow="POST")
