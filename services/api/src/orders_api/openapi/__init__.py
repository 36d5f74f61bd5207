"""The description of the API, as OpenAPI 3.1: made from the routes, then completed."""

from functools import cached_property
from typing import Any

import orjson
from fastapi import FastAPI

from orders_api.openapi import answers, components, examples, links, schemas, security
from orders_api.openapi.about import about
from orders_api.openapi.operations import needs


class Api(FastAPI):
    """An application that describes itself in full.

    Args:
        path: Where it is mounted, `/v1` say; empty at the root.
        options: Those of FastAPI.
    """

    def __init__(self, path: str = "", **options: Any) -> None:
        # The document and its pages are routes of ours, see routes/docs.py.
        super().__init__(**about(path), openapi_url=None, docs_url=None, redoc_url=None, **options)
        self._path = path

    def openapi(self) -> dict[str, Any]:
        """Return the description of the API. Nobody may change it."""
        return self._document

    @cached_property
    def openapi_json(self) -> bytes:
        """The description of the API as JSON."""
        return orjson.dumps(self._document)

    @cached_property
    def _document(self) -> dict[str, Any]:
        document = super().openapi()
        schemas.complete(document)
        examples.complete(document)
        security.complete(document, needs(self), self._path)
        answers.complete(document)
        links.complete(document)
        components.share(document)
        return document
