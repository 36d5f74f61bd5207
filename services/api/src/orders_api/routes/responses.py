"""Answers made of JSON that Postgres rendered."""

from urllib.parse import urlencode

from fastapi import Request, Response

from orders_api.services.order_writes import OrderDocument
from orders_api.services.pages import Page


def json_text(body: str | bytes, status: int = 200, **headers: str) -> Response:
    """Answer with JSON as it is."""
    return Response(body, status, headers, "application/json")


def order_answer(order: OrderDocument, status: int = 200, **headers: str) -> Response:
    """Answer with an order; its version is the ETag."""
    return json_text(order.body, status, ETag=f'"{order.version}"', **headers)


def page_answer(request: Request, page: Page, name: str) -> Response:
    """Answer with a page, and a Link to the next one if there is one (RFC 8288)."""
    answer = json_text(page.body(name))
    if page.next_cursor is not None:
        query = urlencode({**request.query_params, "cursor": page.next_cursor})
        answer.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return answer
