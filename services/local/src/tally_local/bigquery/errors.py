"""Every failure the endpoint answers, in BigQuery's own error body.

ApiError
├── InvalidError            400 invalid          a request or its data is wrong
│   └── InvalidQueryError   400 invalidQuery     a statement is wrong, or failed while it ran
├── InUseError              400 resourceInUse
├── StoppedError            400 stopped          a job was cancelled
├── NotFoundError           404 notFound
├── DuplicateError          409 duplicate
├── ConflictError           412 conditionNotMet  an etag no longer matches
└── UnsupportedError        501 notImplemented   right on Google's service, not served here

There is no 500: the real client retries it for ten minutes.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ApiError(Exception):
    """A failure with the status and the reason that Google's service gives it."""

    status: ClassVar[int] = 400
    reason: ClassVar[str] = "invalid"

    def __init__(self, message: str, location: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.location = location

    def proto(self) -> dict[str, Any]:
        """Return the ErrorProto that a job's status carries."""
        located = {"location": self.location} if self.location else {}
        return {"reason": self.reason, **located, "message": self.message}

    def body(self) -> dict[str, Any]:
        """Return the body of an HTTP answer."""
        detail = {"domain": "global", **self.proto()}
        return {"error": {"code": self.status, "message": self.message, "errors": [detail]}}


class InvalidError(ApiError):
    """The request, or the data it brings, is wrong."""


class InvalidQueryError(InvalidError):
    """A statement is wrong, or it failed while it ran."""

    reason = "invalidQuery"

    def __init__(self, message: str, location: str | None = "query") -> None:
        super().__init__(message, location)


class NotFoundError(ApiError):
    """A dataset, table or job that is named does not exist."""

    status = 404
    reason = "notFound"


class DuplicateError(ApiError):
    """What is to be created exists already."""

    status = 409
    reason = "duplicate"


class ConflictError(ApiError):
    """The resource changed since the caller read its etag."""

    status = 412
    reason = "conditionNotMet"


class InUseError(ApiError):
    """A dataset that holds tables is to be deleted without them."""

    reason = "resourceInUse"


class StoppedError(ApiError):
    """The job was cancelled, or the endpoint stopped while it ran."""

    reason = "stopped"


class UnsupportedError(ApiError):
    """Google's service can do this; this endpoint says so instead of guessing."""

    status = 501
    reason = "notImplemented"


_BY_REASON: dict[str, type[ApiError]] = {
    kind.reason: kind
    for kind in (
        InvalidError,
        InvalidQueryError,
        NotFoundError,
        DuplicateError,
        ConflictError,
        StoppedError,
        UnsupportedError,
    )
}


def from_proto(proto: dict[str, Any]) -> ApiError:
    """Return the error that a failed job's `errorResult` stands for."""
    kind = _BY_REASON.get(proto.get("reason", ""), InvalidError)
    return kind(proto.get("message", ""), proto.get("location"))
