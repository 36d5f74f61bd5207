"""Whether the service is alive, and whether it can work."""

from typing import Literal

from anyio import fail_after
from anyio.to_thread import run_sync
from fastapi import APIRouter
from pydantic import BaseModel

from orders.problems import Unavailable
from orders_api.routes.dependencies import CurrentSettings, Db
from orders_api.routes.documentation import problems
from orders_api.routes.strict_route import public

router = APIRouter(
    prefix="/health",
    tags=["health"],
    route_class=public,
    responses=problems("validation", "internal"),
)


class Health(BaseModel):
    """A service that is well."""

    status: Literal["ok"] = "ok"


@router.get("/live")
async def live() -> Health:
    """Tell that the process answers."""
    return Health()


@router.get("/ready", responses=problems("unavailable"))
async def ready(database: Db, settings: CurrentSettings) -> Health:
    """Tell that the database answers too, within a time budget."""
    try:
        with fail_after(settings.ready_timeout_s):
            await run_sync(database.check, abandon_on_cancel=True)
    except TimeoutError:
        seconds = settings.ready_timeout_s
        raise Unavailable(f"The database did not answer within {seconds:g} s.") from None
    return Health()
