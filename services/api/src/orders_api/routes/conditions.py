"""Conditional requests (RFC 9110, 13): what a caller says of the version that it knows."""

from typing import Annotated, Any, Final

from fastapi import Depends, Request

from orders_api.routes.dependencies import CurrentCaller, CurrentSettings
from orders_api.routes.documentation import problems
from orders_api.schemas.preconditions import EntityTags, Field, Preconditions
from orders_api.services.order_writes import Attempt

Answers = dict[int | str, dict[str, Any]]


async def preconditions(request: Request) -> Preconditions:
    """Return the conditions of a request.

    Raises:
        BadRequest: One cannot be read.
    """
    return Preconditions(_tags(request, "If-Match"), _tags(request, "If-None-Match"))


def _tags(request: Request, field: Field) -> EntityTags | None:
    lines = request.headers.getlist(field)
    return EntityTags.parse(field, lines) if lines else None


_TAG: Final = r'((W/)?"[!#-~\x80-\xff]*")?'
ENTITY_TAGS: Final = {
    "type": "string",
    "pattern": rf"^[ \t]*(\*|{_TAG}([ \t]*,[ \t]*{_TAG})*)[ \t]*$",
}
"""The schema of a condition; elements of a list may be empty (RFC 9110, 5.6.1)."""


def _documented(field: Field, description: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": field,
        "in": "header",
        "required": required,
        # Its own: examples are added to each.
        "schema": dict(ENTITY_TAGS),
        "example": '"1"',
        "description": description,
    }


Conditions = Annotated[Preconditions, Depends(preconditions)]


async def attempt(
    caller: CurrentCaller, conditions: Conditions, settings: CurrentSettings
) -> Attempt:
    """Return on whose behalf and on what conditions an order is to be changed."""
    return Attempt(caller, conditions, settings.order_lock_timeout_s)


OrderAttempt = Annotated[Attempt, Depends(attempt)]

ETAG_HEADER: Final = {
    "ETag": {
        "description": "The order's version in double quotes, a strong entity tag.",
        "schema": {"type": "string"},
        "example": '"1"',
    }
}

FAILED: Final[Answers] = {412: problems("precondition-failed")[412] | {"headers": ETAG_HEADER}}
NOT_MODIFIED: Final[Answers] = {
    304: {"description": "If-None-Match names the version that it has.", "headers": ETAG_HEADER}
}

# Declared here and not by FastAPI, which would take the last line of several, and answer 422
# where If-Match is missing.
READ_CONDITIONS: Final = {
    "parameters": [
        _documented("If-None-Match", "ETags that the caller has: answered 304 if one is current."),
        _documented("If-Match", "ETags of which one must be current, or it is answered 412."),
    ]
}
WRITE_CONDITIONS: Final = {
    "parameters": [
        _documented(
            "If-Match",
            "The ETag of the version that is meant (several: any of them); * is any version.",
            required=True,
        ),
        _documented("If-None-Match", "ETags of which none may be current, or it is answered 412."),
    ]
}
