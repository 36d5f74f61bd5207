"""Schemas as JSON Schema says it, where FastAPI does not."""

from collections.abc import Iterator
from typing import Any

from orders_api.openapi.operations import Document, operations
from orders_api.routes.documentation import ProblemBody
from orders_api.schemas.fields import MAX_ID

_LIMITS = ("minimum", "maximum")


def complete(document: Document) -> None:
    """Add the schema that all problems share, and mend the others."""
    shared = document["components"]["schemas"]
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    shared |= problem.pop("$defs")
    shared["Problem"] = problem | {"title": "Problem"}
    for schema in shared.values():
        for member in schema.get("properties", {}).values():
            member.pop("title", None)
            if "default" in member and member["default"] is None:
                del member["default"]
    for operation in operations(document):
        for parameter in operation.get("parameters", ()):
            _mend_parameter(parameter)
    for node in _nodes(document):
        node |= {name: _exact(node[name]) for name in _LIMITS if isinstance(node.get(name), float)}


def _mend_parameter(parameter: dict[str, Any]) -> None:
    """Say it once, without null (a URL has none), and how objects stand in a query."""
    schema = parameter["schema"]
    schema.pop("title", None)
    schema.pop("description", None)
    for choice in schema.pop("anyOf", ()):
        schema |= choice if choice != {"type": "null"} else {}
    if schema.get("type") == "object":
        parameter |= {"style": "deepObject", "explode": True}


def _exact(limit: float) -> float:
    """Return a limit as it was written: FastAPI reads all as floats, the largest id too."""
    return min(int(limit), MAX_ID) if limit.is_integer() else limit


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _nodes(child)
