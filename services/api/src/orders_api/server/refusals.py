"""Answers to what never became a request, as bytes."""

from os import urandom
from typing import Final

import orjson

from orders.problems import CONTENT_TYPE, BadRequest, Problem
from orders_api.middleware.headers import PROTECTION
from orders_api.problems import KINDS, HeaderTooLarge, RequestTimeout

INVALID: Final = BadRequest("This is no HTTP/1.1 request.")
TOO_LARGE: Final = HeaderTooLarge("The request line and headers may have 65536 bytes.")
TOO_SLOW: Final = RequestTimeout("The head of the request did not arrive in time.")


def refusal(problem: Problem, common: list[tuple[bytes, bytes]]) -> tuple[str, bytes]:
    """Return a new request id, and the whole answer after which the connection is closed.

    Args:
        problem: What is wrong.
        common: Headers that the server gives to every answer, such as Date.
    """
    request_id = urandom(16).hex()
    # No path was read that could be trusted.
    members = problem.body("", request_id) | {"title": KINDS[problem.slug].title}
    body = orjson.dumps(members)
    headers = [
        *common,
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *PROTECTION,
        (b"x-request-id", request_id.encode()),
        (b"connection", b"close"),
    ]
    status = f"HTTP/1.1 {problem.status} {problem.title}\r\n".encode()
    fields = b"".join(b"%b: %b\r\n" % header for header in headers)
    return request_id, b"%b%b\r\n%b" % (status, fields, body)
