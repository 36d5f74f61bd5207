"""A small contract, to be changed in every way."""

from collections.abc import Callable
from typing import Any

Node = dict[str, Any]
Edit = Callable[[Node], object]

ORDER: Node = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer", "maximum": 9},
        "status": {"enum": ["pending", "paid"], "type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "parent": {"$ref": "#/components/schemas/Order"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
NEW_ORDER: Node = {
    "type": "object",
    "required": ["cents"],
    "additionalProperties": False,
    "properties": {
        "cents": {"type": "integer", "minimum": 0, "maximum": 9},
        "region": {"type": "string", "default": "unknown", "maxLength": 5, "pattern": "^[a-z]+$"},
        "status": {"type": "string", "enum": ["pending", "paid"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "price": {"type": "number"},
        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
DOCUMENT: Node = {
    "paths": {
        "/orders": {
            "post": {
                "operationId": "create_order",
                "summary": "Create",
                "security": [{"Password": ["orders:write"]}, {"ApiKey": []}],
                "parameters": [
                    {"name": "dry", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "X-Key", "in": "header", "required": True, "schema": {}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/NewOrder"}},
                        "text/csv": {"schema": {"type": "string"}},
                    }
                },
                "responses": {
                    "201": {
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Order"}}
                        },
                    },
                    "422": {"$ref": "#/components/responses/validation"},
                },
            },
            "get": {"operationId": "list_orders", "responses": {"200": {}}},
        },
        "/items": {"get": {"operationId": "list_items", "responses": {"200": {}}}},
    },
    "components": {
        "schemas": {"Order": ORDER, "NewOrder": NEW_ORDER},
        "responses": {"validation": {"description": "No", "content": {"problem": {}}}},
        "securitySchemes": {
            "Password": {"type": "oauth2", "flows": {"password": {"tokenUrl": "/t", "scopes": {}}}},
            "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        },
    },
}


def post(document: Node) -> Node:
    """Return the operation that creates an order."""
    found: Node = document["paths"]["/orders"]["post"]
    return found


def sent(document: Node) -> Node:
    """Return the schema of its body."""
    found: Node = document["components"]["schemas"]["NewOrder"]
    return found


def answered(document: Node) -> Node:
    """Return the schema of its answer."""
    found: Node = document["components"]["schemas"]["Order"]
    return found


def parameter(name: str, **more: object) -> Node:
    """Return a parameter of a query."""
    return {"name": name, "in": "query", "schema": {"type": "string"}, **more}
