"""How OpenAPI shows what the routes answer as they are."""

from typing import Any, Final

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from orders.problems import CONTENT_TYPE, problem_body
from orders_api.problems import KINDS
from orders_api.schemas.import_result import LineError


def header(name: str, description: str, example: str) -> dict[str, Any]:
    """Return the `headers` of an answer that has this one."""
    return {name: {"description": description, "schema": {"type": "string"}, "example": example}}


LINK_HEADER = header(
    "Link", "The next page (RFC 8288), if there is one.", '</orders?cursor=WyJ>; rel="next"'
)
_HEADERS: Final = {
    "unauthorized": "WWW-Authenticate",
    "too-many-requests": "Retry-After",
    "idempotency-in-progress": "Retry-After",
    "unavailable": "Retry-After",
}
_ORDER_NOW: Final = {"current_status": "pending", "current_version": 2}
_MEMBERS: Final[dict[str, dict[str, Any]]] = {
    "validation": {"errors": [{"pointer": "/total_cents", "detail": "Field required"}]},
    "import-refused": {
        "errors": [{"line": 2, "field": "region", "detail": "Field required"}],
        "errors_omitted": 0,
    },
    "precondition-failed": _ORDER_NOW,
    "illegal-transition": _ORDER_NOW | {"allowed": ["paid", "cancelled"]},
}


def referred(*names: str) -> dict[str, Any]:
    """Return the `headers` of an answer that has these, which `components` describes."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


class FieldError(BaseModel):
    """One bad value of a request."""

    pointer: str = Field(description="JSON pointer into the body, or query/<name>, path/<name>.")
    detail: str


class ProblemBody(BaseModel):
    """An RFC 9457 problem; some kinds have further members."""

    type: str = Field(description="The path of a page that explains this kind of problem.")
    title: str
    status: int
    detail: str = Field(description="What went wrong this time.")
    instance: str = Field(description="The path of the request.")
    request_id: str
    errors: list[FieldError | LineError] | SkipJsonSchema[None] = Field(
        default=None, description="What is wrong: by field, or by line of an import."
    )
    errors_omitted: int | SkipJsonSchema[None] = Field(
        default=None, description="Errors of an import beyond the longest list."
    )
    current_version: int | SkipJsonSchema[None] = Field(
        default=None, description="The order's, where that is what is in the way."
    )
    current_status: str | SkipJsonSchema[None] = None
    allowed: list[str] | SkipJsonSchema[None] = Field(
        default=None, description="The statuses to which the order may move."
    )


def problems(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these kinds of problems."""
    answers: dict[int | str, dict[str, Any]] = {}
    for slug in slugs:
        kind = KINDS[slug]
        answer = answers.setdefault(kind.status, {"description": kind.title, "content": {}})
        content = answer["content"].setdefault(
            CONTENT_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
        )
        content["examples"][slug] = {"$ref": f"#/components/examples/{slug}"}
        if name := _HEADERS.get(slug):
            answer.setdefault("headers", {}).update(referred(name))
    return answers


def example(slug: str) -> dict[str, Any]:
    """Return a problem of a kind as it might be answered."""
    kind = KINDS[slug]
    shown = problem_body(
        status=kind.status,
        title=kind.title,
        slug=slug,
        detail=kind.explanation,
        instance="/orders",
        request_id="8f14e45fceea467a9f3c1d2b7a6e5d40",
    )
    return shown | _MEMBERS.get(slug, {})
