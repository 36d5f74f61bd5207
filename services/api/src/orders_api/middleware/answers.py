"""Problems that are answered before a route is found, or when none is left to answer."""

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from orders.problems import CONTENT_TYPE, Problem
from orders_api.problems import KINDS, clip


async def answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a problem as the answer to a request."""
    body = problem.body(clip(scope["path"]), scope["state"]["request_id"])
    body["title"] = KINDS[problem.slug].title
    await JSONResponse(body, problem.status, problem.headers, CONTENT_TYPE)(scope, receive, send)
