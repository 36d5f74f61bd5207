"""Parts of the API that can be turned off."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from orders.problems import NotFound
from orders_api.problems import clip
from orders_api.routes.dependencies import CurrentSettings
from orders_api.settings import Settings
from orders_api.settings.server import Feature

Dependency = Callable[[Request, CurrentSettings], Awaitable[None]]


def only_if(is_on: Callable[[Settings], bool]) -> Dependency:
    """Return a dependency that lets a request through if the settings have it so.

    Raises:
        NotFound: They have not: as if there were nothing.
    """

    async def required(request: Request, settings: CurrentSettings) -> None:
        if not is_on(settings):
            raise NotFound(f"There is nothing at {clip(request.url.path)}.")

    return required


def requires(feature: Feature) -> Dependency:
    """Return a dependency that lets a request through if the feature is on.

    Raises:
        NotFound: It is off: as if it were not there.
    """
    return only_if(lambda settings: feature not in settings.features_off)
