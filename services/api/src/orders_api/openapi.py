"""The description of the API, as OpenAPI."""

from typing import Any

from fastapi import FastAPI

from orders_api.routes.documentation import ProblemBody


class Api(FastAPI):
    """An application that describes itself in full."""

    def openapi(self) -> dict[str, Any]:
        """Return the description of the API, with the schema that all problems share."""
        if self.openapi_schema is None:
            description = super().openapi()
            _mark_objects(description["paths"])
            schemas = description["components"]["schemas"]
            schemas["FieldError"] = _schema()["$defs"]["FieldError"]
            schemas["Problem"] = {k: v for k, v in _schema().items() if k != "$defs"}
        return super().openapi()


def _mark_objects(paths: dict[str, Any]) -> None:
    """Say how objects stand in a query: `metadata[key]=value`. FastAPI has no word for it."""
    for operation in (operation for path in paths.values() for operation in path.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["schema"].get("type") == "object":
                parameter |= {"style": "deepObject", "explode": True}


def _schema() -> dict[str, Any]:
    return ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
