"""What all routes of the lab have in common."""

from fastapi import APIRouter, Depends

from orders_api.routes.documentation import problems
from orders_api.routes.features import only_if
from orders_api.routes.strict_route import known


def lab_router() -> APIRouter:
    """Return a router for whoever is known, where the lab is on."""
    return APIRouter(
        tags=["lab"],
        route_class=known,
        dependencies=[Depends(only_if(lambda settings: settings.has_lab))],
        responses=problems("validation", "not-found", "internal", "unavailable"),
    )
