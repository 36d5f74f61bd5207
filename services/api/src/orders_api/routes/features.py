"""Parts of the API that can be turned off."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from orders.problems import NotFound
from orders_api.problems import clip
from orders_api.routes.dependencies import CurrentSettings
from orders_api.settings.server import Feature


def requires(feature: Feature) -> Callable[[Request, CurrentSettings], Awaitable[None]]:
    """Return a dependency that lets a request through if the feature is on.

    Raises:
        NotFound: It is off: as if it were not there.
    """

    async def required(request: Request, settings: CurrentSettings) -> None:
        if feature in settings.features_off:
            raise NotFound(f"There is nothing at {clip(request.url.path)}.")

    return required
