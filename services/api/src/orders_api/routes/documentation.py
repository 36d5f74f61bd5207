"""How OpenAPI shows what the routes answer as they are."""

from typing import Any

from pydantic import BaseModel

from orders.problems import CONTENT_TYPE, problem_body
from orders_api.problems import KINDS


def header(name: str, description: str, example: str) -> dict[str, Any]:
    """Return the `headers` of an answer that has this one."""
    return {name: {"description": description, "schema": {"type": "string"}, "example": example}}


LINK_HEADER = header(
    "Link", "The next page (RFC 8288), if there is one.", '</orders?cursor=WyJ>; rel="next"'
)


class FieldError(BaseModel):
    """One bad value of a request."""

    pointer: str
    detail: str


class ProblemBody(BaseModel):
    """An RFC 9457 problem; some kinds have further members."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] | None = None


def problems(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these kinds of problems."""
    answers: dict[int | str, dict[str, Any]] = {}
    for slug in slugs:
        kind = KINDS[slug]
        answer = answers.setdefault(kind.status, {"description": kind.title, "content": {}})
        content = answer["content"].setdefault(
            CONTENT_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
        )
        content["examples"][slug] = {"value": _example(slug)}
    return answers


def _example(slug: str) -> dict[str, Any]:
    kind = KINDS[slug]
    return problem_body(
        status=kind.status,
        title=kind.title,
        slug=slug,
        detail=kind.explanation,
        instance="/orders",
        request_id="8f14e45fceea467a9f3c1d2b7a6e5d40",
    )
