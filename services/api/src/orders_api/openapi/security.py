"""Who may call what, as the routes say it."""

from collections.abc import Mapping
from typing import Any, Final

from orders.problems import CONTENT_TYPE
from orders_api.openapi.operations import Document, operations
from orders_api.routes.documentation import problems
from orders_api.schemas.need import Need, Needed
from orders_api.schemas.scopes import MEANING

_BEARER: Final = "GoogleIdToken"
_KEY: Final = "ApiKey"
_PASSWORD: Final = "Password"  # noqa: S105  the name of a scheme


def complete(document: Document, needs: Mapping[str, Needed], path: str) -> None:
    """Add the security schemes, and to each operation what it asks of its caller.

    Args:
        document: It is completed in place.
        needs: What each operation asks for, by its id.
        path: Where the API is mounted, for the URL of tokens.
    """
    document["components"]["securitySchemes"] = _schemes(path)
    for operation in operations(document):
        needed = needs[operation["operationId"]]
        operation["security"] = _requirements(needed)
        for status, answer in problems(*_refusals(needed)).items():
            _add(operation["responses"], str(status), answer)


def _refusals(needed: Needed) -> tuple[str, ...]:
    if needed is Need.NOTHING:
        return ()
    # A bad request has two credentials.
    refusals = ("bad-request", "unauthorized", "too-many-requests")
    return refusals if isinstance(needed, Need) else (*refusals, "forbidden")


def _add(answers: dict[str, Any], status: str, answer: dict[str, Any]) -> None:
    """Add an answer, or the examples of its problems to the one that is there."""
    there = answers.setdefault(status, answer)
    there["content"][CONTENT_TYPE]["examples"] |= answer["content"][CONTENT_TYPE]["examples"]


def _requirements(needed: Needed) -> list[dict[str, list[str]]]:
    """Return the credentials of which one will do."""
    if needed is Need.NOTHING:
        return []
    scopes = [] if isinstance(needed, Need) else [needed.value]
    return [{scheme: scopes} for scheme in (_PASSWORD, _KEY, _BEARER)]


def _schemes(path: str) -> dict[str, Any]:
    return {
        _PASSWORD: {
            "type": "oauth2",
            "description": "Log in with name and password; a token holds for some minutes.",
            "flows": {
                "password": {
                    "tokenUrl": f"{path}/auth/token",
                    "refreshUrl": f"{path}/auth/token",
                    "scopes": {scope.value: text for scope, text in MEANING.items()},
                }
            },
        },
        _KEY: {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "A key of POST /api-keys, for programs.",
        },
        _BEARER: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A Google-signed ID token of a service account that is known here.",
        },
    }
