"""The front door, and what the types of problems mean."""

from fastapi import APIRouter
from pydantic import BaseModel

from orders.problems import NotFound
from orders_api.problems import KINDS, clip
from orders_api.routes.documentation import problems
from orders_api.routes.strict_route import public

router = APIRouter(tags=["about"], route_class=public, responses=problems("validation", "internal"))


class Home(BaseModel):
    """What this service is and where to read on."""

    service: str = "Tally orders API"
    docs: str = "/docs"
    reference: str = "/redoc"
    openapi: str = "/openapi.json"
    health: str = "/health/ready"
    problems: str = "/problems"


class ProblemKind(BaseModel):
    """What a problem's type stands for."""

    type: str
    status: int
    title: str
    explanation: str


@router.get("/")
async def home() -> Home:
    """Name the service and link to its docs."""
    return Home()


@router.get("/problems")
async def list_problem_kinds() -> list[ProblemKind]:
    """List every kind of problem this API answers with."""
    return [_kind(slug) for slug in KINDS]


@router.get("/problems/{slug}", responses=problems("not-found"))
async def explain_problem_kind(slug: str) -> ProblemKind:
    """Explain the kind of problem whose type this is."""
    if slug not in KINDS:
        raise NotFound(f"There is no kind of problem named {clip(slug)}.")
    return _kind(slug)


def _kind(slug: str) -> ProblemKind:
    return ProblemKind(type=f"/problems/{slug}", **KINDS[slug]._asdict())
