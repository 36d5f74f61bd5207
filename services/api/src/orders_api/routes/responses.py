"""Answers made of JSON that Postgres rendered."""

import json
from typing import Final
from urllib.parse import urlencode

from fastapi import Request, Response

from orders_api.schemas.preconditions import Preconditions, entity_tag
from orders_api.services.order_writes import OrderDocument, precondition_failed
from orders_api.services.pages import Page

# Orders are their caller's, and may have changed since: each use asks again.
_CACHING: Final = {"Cache-Control": "private, no-cache"}


def mount(request: Request) -> str:
    """Return the path under which the application is mounted, `/v1` say, or nothing."""
    path: str = request.scope.get("root_path", "")
    return path


def json_text(body: str | bytes, status: int = 200, **headers: str) -> Response:
    """Answer with JSON as it is."""
    return Response(body, status, headers, "application/json")


def order_answer(order: OrderDocument, status: int = 200, **headers: str) -> Response:
    """Answer with an order; its version is the ETag."""
    return json_text(order.body, status, ETag=entity_tag(order.version), **headers)


def shown_order(order: OrderDocument, conditions: Preconditions) -> Response:
    """Answer a GET with an order, or say that the caller has it.

    Raises:
        PreconditionFailed: It is not one that If-Match names.
    """
    failed = conditions.failed(entity_tag(order.version))
    if failed == "If-Match":
        status = json.loads(order.body)["status"]
        raise precondition_failed(failed, order.id, order.version, status)
    if failed == "If-None-Match":
        return Response(None, 304, _CACHING | {"ETag": entity_tag(order.version)})
    return order_answer(order, 200, **_CACHING)


def page_answer(request: Request, page: Page, name: str) -> Response:
    """Answer with a page, and a Link to the next one if there is one (RFC 8288)."""
    answer = json_text(page.body(name))
    answer.headers.update(_CACHING)
    if page.next_cursor is not None:
        sent = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        query = urlencode([*sent, ("cursor", page.next_cursor)])
        answer.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return answer
