"""The kinds of problems this API answers with, and those that only an HTTP API has."""

from typing import Final, NamedTuple

from orders.problems import Problem, Unprocessable


class Unauthorized(Problem):
    """Nobody is known by the credentials that were sent, or none were."""

    status, title, slug = 401, "Unauthorized", "unauthorized"

    def __init__(self, detail: str, *, error: str | None = None) -> None:
        challenge = f'Bearer realm="tally", error="{error}"' if error else 'Bearer realm="tally"'
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class Forbidden(Problem):
    """The caller is known, and may not do this."""

    status, title, slug = 403, "Forbidden", "forbidden"


class RequestTimeout(Problem):
    """The request did not arrive in time."""

    status, title, slug = 408, "Request timeout", "request-timeout"


class TooManyRequests(Problem):
    """The caller has used up its share for now."""

    status, title, slug = 429, "Too many requests", "too-many-requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class HeaderTooLarge(Problem):
    """The request line and headers are larger than the limit."""

    status, title, slug = 431, "Request header fields too large", "header-too-large"


class PreconditionFailed(Problem):
    """The condition that the request made does not hold."""

    status, title, slug = 412, "Precondition failed", "precondition-failed"


class PreconditionRequired(Problem):
    """The request must say under which condition it is meant."""

    status, title, slug = 428, "Precondition required", "precondition-required"


class TooLarge(Problem):
    """The content is larger than the limit."""

    status, title, slug = 413, "Content too large", "too-large"


class UnsupportedMediaType(Problem):
    """The content is in a form that this path does not take."""

    status, title, slug = 415, "Unsupported media type", "unsupported-media-type"


def invalid(pointer: str, detail: str) -> Unprocessable:
    """Return the problem of one bad value, named by JSON pointer or as `query/<name>`."""
    return Unprocessable(
        "A value in the request is not valid.", errors=[{"pointer": pointer, "detail": detail}]
    )


def clip(text: str, length: int = 200) -> str:
    """Shorten what a stranger sent for an answer that quotes it, and make it valid Unicode."""
    kept = text if len(text) <= length else text[:length] + "…"
    return kept.encode("utf-8", "backslashreplace").decode()


class Kind(NamedTuple):
    """What a problem's `type` stands for, and what to do about it."""

    status: int
    title: str
    explanation: str
    remedy: str


KINDS: Final[dict[str, Kind]] = {
    "bad-request": Kind(
        400,
        "Bad request",
        "The request cannot be understood; detail says why.",
        "Change the request; the same one fails again.",
    ),
    "malformed-json": Kind(
        400,
        "Malformed JSON",
        "The body is not JSON in UTF-8, holds a duplicate key, NaN or Infinity, or has too many"
        " digits, levels or members.",
        "Send what a JSON library writes; detail names the place.",
    ),
    "corrupt-gzip": Kind(
        400,
        "Corrupt gzip",
        "Content-Encoding says gzip, but the body is not, or is empty or cut short.",
        "Compress the file again and send the whole of it, or send it as it is, without the"
        " header.",
    ),
    "unknown-host": Kind(
        400,
        "Unknown host",
        "Host names a host that this service is not.",
        "Call the service by a name that it is known by.",
    ),
    "unauthorized": Kind(
        401,
        "Unauthorized",
        "No credentials were sent, or they are not valid, have expired, or were revoked.",
        "Send Authorization: Bearer with a token of POST /auth/token, or X-API-Key.",
    ),
    "forbidden": Kind(
        403,
        "Forbidden",
        "The caller is known, but lacks the scope that detail names.",
        "Ask an administrator for a role or a key that has it.",
    ),
    "not-found": Kind(
        404,
        "Not found",
        "There is nothing at this path.",
        "Check the path and the id; what was deleted is gone, but for an order's history.",
    ),
    "method-not-allowed": Kind(
        405,
        "Method not allowed",
        "The path exists, but not with this method.",
        "Use one of those in the header Allow.",
    ),
    "request-timeout": Kind(
        408,
        "Request timeout",
        "The request did not arrive in time; the connection is closed.",
        "Send it again, faster; with an Idempotency-Key it is safe to repeat a POST.",
    ),
    "conflict": Kind(
        409,
        "Conflict",
        "The state of things does not allow it now.",
        "Read detail, look at what is there, and decide anew.",
    ),
    "illegal-transition": Kind(
        409,
        "Illegal transition",
        "An order in current_status cannot move there.",
        "Make one of the moves in allowed.",
    ),
    "idempotency-in-progress": Kind(
        409,
        "Request in progress",
        "The first request with this Idempotency-Key still runs.",
        "Repeat the same request after the seconds in Retry-After.",
    ),
    "precondition-failed": Kind(
        412,
        "Precondition failed",
        "The order is not what If-Match or If-None-Match says; current_version and current_status"
        " tell what it is, ETag is its tag.",
        "Get the order, decide anew, and send its ETag. If-Match takes no weak tags: a cache or"
        " proxy that made one of ETag must be told not to.",
    ),
    "too-large": Kind(
        413,
        "Content too large",
        "The body is larger than the limit in detail.",
        "Send it in parts.",
    ),
    "unsupported-media-type": Kind(
        415,
        "Unsupported media type",
        "The path does not take this Content-Type or encoding.",
        "Send one that detail names.",
    ),
    "validation": Kind(
        422,
        "Unprocessable content",
        "Values are not valid; errors names each by JSON pointer, or as query/<name>.",
        "Correct the values that errors names.",
    ),
    "idempotency-mismatch": Kind(
        422,
        "Idempotency-Key reused",
        "This Idempotency-Key was used for another request, whose answer is kept for 72 hours.",
        "Use a new key for each new request, and the same one only to repeat it unchanged.",
    ),
    "import-refused": Kind(
        422,
        "Import refused",
        "Lines are bad and nothing was imported; errors lists them by number, field and reason."
        " A body of nothing is refused, too.",
        "Correct the lines, or keep the good ones with ?on_error=skip.",
    ),
    "precondition-required": Kind(
        428,
        "Precondition required",
        "A change of an order must say which version of it is meant.",
        "Send If-Match with the ETag of that version, or * for any.",
    ),
    "too-many-requests": Kind(
        429,
        "Too many requests",
        "The caller has used up its share, as RateLimit says.",
        "Repeat the request after the seconds in Retry-After, and send fewer.",
    ),
    "header-too-large": Kind(
        431,
        "Request header fields too large",
        "The request line and headers have over 64 KiB.",
        "Send fewer or shorter headers.",
    ),
    "internal": Kind(
        500,
        "Internal error",
        "A fault of ours; nothing is known to be wrong with the request.",
        "Report it with its request_id.",
    ),
    "unavailable": Kind(
        503,
        "Service unavailable",
        "The database or the warehouse is away or busy.",
        "Repeat the request after the seconds in Retry-After; with an Idempotency-Key it is safe"
        " to repeat a POST.",
    ),
}
"""By slug, every kind of problem; `/problems/<slug>` explains it to whoever follows `type`."""
