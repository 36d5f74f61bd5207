"""The operations of a document, and the routes that they come from."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from orders_api.schemas.need import Needed

Document = dict[str, Any]
Operation = dict[str, Any]


def operations(document: Document) -> Iterator[Operation]:
    """Yield every operation of a document."""
    for path in document["paths"].values():
        yield from path.values()


def needs(app: FastAPI) -> Mapping[str, Needed]:
    """Return, by operation id, what each route asks of its caller.

    Raises:
        AttributeError: A route does not say.
    """
    contexts = iter_route_contexts(app.routes)
    return {
        context.unique_id: context.original_route.needed  # type: ignore[attr-defined]
        for context in contexts
        if getattr(context, "include_in_schema", False)
    }
