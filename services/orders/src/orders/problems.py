"""Errors as RFC 9457 problems: each carries its status, one handler an application renders it.

Problem
├── BadRequest           400
├── NotFound             404
├── Conflict             409
├── Unprocessable        422
├── BadGateway           502
└── Unavailable          503, with Retry-After
"""

from collections.abc import Mapping
from typing import Any, ClassVar

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818  it is what RFC 9457 calls a problem
    """An error for a caller.

    Args:
        detail: What went wrong this time, in a sentence for the caller.
        slug: A stable name of the kind of problem; it makes the `type` of the body.
        headers: Headers of the answer.
        extra: Further members of the body.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    slug: str = "internal"

    def __init__(
        self,
        detail: str,
        *,
        slug: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.slug = slug or self.slug
        self.headers = dict(headers or {})
        self.extra = extra

    def body(self, instance: str, request_id: str) -> dict[str, Any]:
        """Return the members of the problem+json body."""
        members = problem_body(
            status=self.status,
            title=self.title,
            slug=self.slug,
            detail=self.detail,
            instance=instance,
            request_id=request_id,
        )
        return members | self.extra


def problem_body(
    *, status: int, title: str, slug: str, detail: str, instance: str, request_id: str
) -> dict[str, Any]:
    """Return the members that every problem+json body has."""
    return {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }


class BadRequest(Problem):
    """The request cannot be understood."""

    status, title, slug = 400, "Bad request", "bad-request"


class NotFound(Problem):
    """There is no such thing."""

    status, title, slug = 404, "Not found", "not-found"


class MethodNotAllowed(Problem):
    """The path is right, the method is not."""

    status, title, slug = 405, "Method not allowed", "method-not-allowed"

    def __init__(self, detail: str, *, allow: str, **extra: Any) -> None:
        super().__init__(detail, headers={"Allow": allow}, **extra)


class Conflict(Problem):
    """The request is fine but the state of things does not allow it now."""

    status, title, slug = 409, "Conflict", "conflict"


class Unprocessable(Problem):
    """The request is well-formed, but a value in it is not."""

    status, title, slug = 422, "Unprocessable content", "validation"


class BadGateway(Problem):
    """A service that this one calls failed; the request may be repeated."""

    status, title, slug = 502, "Bad gateway", "bad-gateway"


class Unavailable(Problem):
    """A dependency is away; come back after the seconds in Retry-After."""

    status, title, slug = 503, "Service unavailable", "unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 5, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)}, **extra)
