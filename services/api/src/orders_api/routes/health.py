"""Whether the service has started, is alive, and can work."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from orders.problems import Unavailable
from orders_api.middleware import RunningRequests
from orders_api.routes.documentation import problems
from orders_api.routes.strict_route import public
from orders_api.services.readiness import Readiness

router = APIRouter(
    prefix="/health",
    tags=["health"],
    route_class=public,
    responses=problems("validation", "internal"),
)


class Health(BaseModel):
    """A service that is well."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"] = "ok"


@router.get("/startup")
async def startup() -> Health:
    """Tell that the service has started."""
    return Health()


@router.get("/live")
async def live() -> Health:
    """Tell that the process answers."""
    return Health()


@router.get("/ready", responses=problems("unavailable"))
async def ready(request: Request) -> Health:
    """Tell that the database answers too, within a time budget, and that no end is near."""
    running: RunningRequests = request.state.running
    if running.draining:
        raise Unavailable("The service is shutting down.", retry_after_s=1)
    readiness: Readiness = request.state.readiness
    await readiness.check()
    return Health()
