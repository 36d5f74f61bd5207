"""Every error of the API as one body, application/problem+json."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.routing import Match

from orders.problems import CONTENT_TYPE, Problem, Unprocessable, problem_body
from orders_api.problems import KINDS, clip
from orders_api.schemas.faults import parameter, pointer, reason

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SLUGS: Final = {404: "not-found", 405: "method-not-allowed", 500: "internal"}
_MAX_ERRORS: Final = 100


def add_error_handlers(app: FastAPI) -> None:
    """Make the application answer every exception as a problem."""
    app.exception_handler(Problem)(problem_answer)
    app.exception_handler(RequestValidationError)(invalid_answer)
    app.exception_handler(HTTPException)(_on_http)
    app.exception_handler(ClientDisconnect)(_on_disconnect)
    app.exception_handler(Exception)(_on_bug)


async def problem_answer(request: HTTPConnection, problem: Problem) -> Response:
    """Return the answer to a request, or to a handshake, with a problem."""
    body = problem.body(clip(request.url.path), request.state.request_id)
    body["title"] = KINDS[problem.slug].title
    return JSONResponse(body, problem.status, problem.headers, CONTENT_TYPE)


async def invalid_answer(request: HTTPConnection, error: RequestValidationError) -> Response:
    """Return the answer to a request, or to a handshake, with values that are not valid."""
    found = error.errors()
    sent = {"body": error.body, "query": request.query_params}
    errors = [
        {"pointer": _place(item["loc"]), "detail": reason(item, sent)}
        for item in found[:_MAX_ERRORS]
    ]
    detail = "A value in the request is not valid."
    if len(found) > 1:
        detail = f"{len(found)} values in the request are not valid."
    return await problem_answer(request, Unprocessable(detail, errors=errors))


async def _on_http(request: Request, error: HTTPException) -> Response:
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"There is nothing at {clip(request.url.path)}."
        return _status_answer(request, error.status_code, detail)
    allowed = _allowed(request)
    headers = {"Allow": allowed}
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    detail = f"{request.method} is not possible here; these are: {allowed}."
    return _status_answer(request, error.status_code, detail, headers)


async def _on_disconnect(_request: Request, _error: ClientDisconnect) -> Response:
    """Nobody reads this answer; it keeps a caller's leaving out of our errors."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _on_bug(request: Request, _error: Exception) -> Response:
    """Answer for a mounted application; the middleware does so for the others, and logs it."""
    detail = "The service failed; nothing is known to be wrong with the request."
    return _status_answer(request, 500, detail)


def _status_answer(
    request: Request, status: int, detail: str, headers: dict[str, str] | None = None
) -> Response:
    slug = _SLUGS.get(status, "bad-request")
    body = problem_body(
        status=status,
        title=KINDS[slug].title,
        slug=slug,
        detail=detail,
        instance=clip(request.url.path),
        request_id=request.state.request_id,
    )
    return JSONResponse(body, status, headers, CONTENT_TYPE)


def _allowed(request: Request) -> str:
    """Return the methods of the path; a route alone knows only its own."""
    routes = request.app.router.routes
    methods = [
        method
        for method in _METHODS
        if any(route.matches(_with(request, method))[0] is Match.FULL for route in routes)
    ]
    return ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])


def _with(request: Request, method: str) -> dict[str, Any]:
    scope = request.scope
    path, root = scope["path"], scope.get("root_path", "")
    return {"type": "http", "path": path, "root_path": root, "method": method}


def _place(location: Sequence[str | int]) -> str:
    part, *rest = location
    return pointer(rest) if part == "body" else f"{part}/{parameter(rest)}"
