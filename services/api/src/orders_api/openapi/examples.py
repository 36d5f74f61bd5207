"""Examples where the routes and models have none of their own."""

from typing import Any, Final

from orders_api.openapi.operations import Document, operations
from orders_api.schemas.events import EXAMPLE_TICKET

_PARAMETERS: Final[dict[str, Any]] = {
    "order_id": 7,
    "item_id": 3,
    "user_id": 7,
    "key_id": 3,
    "slug": "validation",
    "limit": 50,
    "cursor": "WyJkNzQ0ZTk4ZWE5NWYiLDE3OTUyNTE2MDAwMDAwMDAsN10",
    "sort": "-created_at",
    "status": "paid",
    "region": "us-west",
    "customer_id": 42,
    "since": 11,
    "Last-Event-ID": 11,
    "ticket": EXAMPLE_TICKET["ticket"],
    "created_from": "2026-11-20T00:00:00Z",
    "created_to": "2026-11-21T00:00:00+01:00",
    "metadata": {"channel": "web"},
    "in_stock": True,
    "on_error": "skip",
    "format": "csv",
    "from": "2026-11-19",
    "to": "2026-11-20",
    "currency": "USD",
    "If-None-Match": '"1"',
}


def complete(document: Document) -> None:
    """Add examples to parameters and pages, and to others the nulls that FastAPI drops."""
    schemas = document["components"]["schemas"]
    for operation in operations(document):
        for parameter in operation.get("parameters", ()):
            _show(parameter)
    for schema in schemas.values():
        if "next_cursor" in schema.get("properties", {}):
            (rows,) = (n for n, p in schema["properties"].items() if p.get("type") == "array")
            row = _named(schemas, schema["properties"][rows]["items"])
            schema.setdefault("examples", [{rows: [row["examples"][0]], "next_cursor": None}])
    for schema in schemas.values():
        for example in schema.get("examples", ()):
            _fill(schemas, schema, example)


def _show(parameter: dict[str, Any]) -> None:
    """Add the example of a parameter: to its schema, if it may be left out.

    Swagger UI sends the example of a parameter unless it is told otherwise.
    """
    schema = parameter["schema"]
    example = parameter.pop("example", _PARAMETERS.get(parameter["name"]))
    if example is None or "examples" in schema:
        return
    if schema.get("type") == "array" and not isinstance(example, list):
        example = [example]
    if parameter.get("required"):
        parameter["example"] = example
    else:
        schema["examples"] = [example]


def _fill(schemas: dict[str, Any], schema: dict[str, Any], example: Any) -> None:
    """Give an example the members that must be there and are not: they were null."""
    schema = _named(schemas, schema)
    if isinstance(example, list):
        for part in example:
            _fill(schemas, schema.get("items", {}), part)
    elif isinstance(example, dict):
        for name in schema.get("required", ()):
            example.setdefault(name, None)
        for name, member in schema.get("properties", {}).items():
            _fill(schemas, member, example.get(name))


def _named(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return schemas[name] if name else schema
