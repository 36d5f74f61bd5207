"""The kinds of problems this API answers with, and those that only an HTTP API has."""

from typing import Final, NamedTuple

from orders.problems import Problem, Unprocessable


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
    """What a problem's `type` stands for."""

    status: int
    title: str
    explanation: str


KINDS: Final[dict[str, Kind]] = {
    "bad-request": Kind(400, "Bad request", "The request cannot be understood; detail says why."),
    "malformed-json": Kind(
        400,
        "Malformed JSON",
        "The body is not JSON in UTF-8, or holds a duplicate key, NaN or Infinity.",
    ),
    "corrupt-gzip": Kind(
        400,
        "Corrupt gzip",
        "Content-Encoding says gzip, but the body is not, or is empty or cut short.",
    ),
    "not-found": Kind(404, "Not found", "There is nothing at this path."),
    "method-not-allowed": Kind(
        405, "Method not allowed", "The path exists; the header Allow lists its methods."
    ),
    "conflict": Kind(409, "Conflict", "The state of things does not allow it now."),
    "illegal-transition": Kind(
        409,
        "Illegal transition",
        "An order in current_status cannot move there; the moves it may make are in allowed.",
    ),
    "too-large": Kind(413, "Content too large", "The body is larger than the limit in detail."),
    "unsupported-media-type": Kind(
        415, "Unsupported media type", "The path does not take this Content-Type or encoding."
    ),
    "validation": Kind(
        422,
        "Unprocessable content",
        "Values are not valid; errors names each by JSON pointer, or as query/<name>.",
    ),
    "import-refused": Kind(
        422,
        "Import refused",
        "Lines are bad and nothing was imported; errors lists them by number, field and reason."
        " With ?on_error=skip the good lines are kept. A body of nothing is refused, too.",
    ),
    "internal": Kind(500, "Internal error", "A fault of ours; report it with its request_id."),
    "unavailable": Kind(
        503,
        "Service unavailable",
        "The database is away or busy; Retry-After says when to repeat.",
    ),
}
"""By slug, every kind of problem; `/problems/<slug>` explains it to whoever follows `type`."""
