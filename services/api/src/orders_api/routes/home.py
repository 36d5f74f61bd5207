"""The front door, and what the types of problems mean."""

import json
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from orders.problems import NotFound
from orders_api.problems import KINDS, clip
from orders_api.routes.dependencies import CurrentSettings
from orders_api.routes.documentation import example, problems
from orders_api.routes.html import page
from orders_api.routes.responses import mount
from orders_api.routes.strict_route import public

router = APIRouter(tags=["about"], route_class=public, responses=problems("validation", "internal"))
_EXAMPLE: Final[dict[str, Any]] = {
    "service": "Tally orders API",
    "docs": "/docs",
    "reference": "/redoc",
    "openapi": "/openapi.json",
    "health": "/health/ready",
    "problems": "/problems",
}
# The one style element of the page is its own; nothing else is loaded, nothing runs.
_CSP: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)


class Home(BaseModel):
    """What this service is and where to read on; docs, where they are shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    service: str = "Tally orders API"
    docs: str | None
    reference: str | None
    openapi: str | None
    health: str = "/health/ready"
    problems: str = "/problems"


class ProblemKind(BaseModel):
    """What a problem's type stands for."""

    type: str
    status: int
    title: str
    explanation: str
    remedy: str = Field(description="What to do about it.")
    example: dict[str, Any] = Field(description="A problem of this kind.")


def _kind(slug: str) -> ProblemKind:
    return ProblemKind(type=f"/problems/{slug}", example=example(slug), **KINDS[slug]._asdict())


_SHOWN: Final = _kind("not-found").model_dump()
_LISTED: Final = {"content": {"application/json": {"example": [_SHOWN]}}}
_EXPLAINED: Final = {
    "model": ProblemKind,
    "content": {
        "application/json": {"example": _SHOWN},
        "text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"},
    },
}


@router.get("/")
async def home(settings: CurrentSettings) -> Home:
    """Name the service and link to its docs."""
    docs = ("docs", "reference", "openapi")
    return Home.model_validate({k: _EXAMPLE[k] if settings.shows_docs else None for k in docs})


@router.get("/problems", responses={200: _LISTED})
async def list_problem_kinds() -> list[ProblemKind]:
    """List every kind of problem this API answers with."""
    return [_kind(slug) for slug in KINDS]


@router.get(
    "/problems/{slug}",
    response_class=Response,
    responses={200: _EXPLAINED, **problems("not-found")},
)
async def explain_problem_kind(request: Request, slug: str) -> Response:
    """Explain the kind of problem whose type this is; as a page to whoever asks for HTML."""
    if slug not in KINDS:
        raise NotFound(f"There is no kind of problem named {clip(slug)}.")
    kind = _kind(slug)
    accept = request.headers.get("accept", "")
    if "text/html" in accept and "application/json" not in accept:
        answer = _page(request, kind)
    else:
        answer = Response(kind.model_dump_json(), media_type="application/json")
    answer.headers["Vary"] = "Accept"
    return answer


def _page(request: Request, kind: ProblemKind) -> Response:
    texts = kind.model_dump() | {
        "status": str(kind.status),
        "example": json.dumps(kind.example, indent=2),
    }
    return page("problem.html", _CSP, all=f"{mount(request)}/problems", **texts)
