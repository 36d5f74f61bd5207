"""What /openapi.json says is what the API does."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from orders_api.schemas.order import EXAMPLE_ORDER


@pytest.fixture
def document(api: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method}_{path}", operation


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return what a node refers to, or itself."""
    reference: str | None = node.get("$ref")
    for part in reference.split("/")[1:] if reference else ():
        document = document[part]
    return document if reference else node


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def test_every_operation_has_a_clean_name_of_its_own(document: dict[str, Any]) -> None:
    names = [found["operationId"] for _, found in operations(document)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert {"#/components/schemas/Problem", "#/components/responses/validation"} <= found
    assert all(resolved(document, {"$ref": reference}) for reference in found)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_error_is_described_as_a_problem(document: dict[str, Any]) -> None:
    for key, operation in operations(document):
        errors = {code: found for code, found in operation["responses"].items() if code >= "400"}
        for answer in errors.values():
            found = resolved(document, answer)
            assert list(found["content"]) == ["application/problem+json"], key
            content = found["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content["examples"]
        if "/orders" in key or "/items" in key or "/sales" in key:
            assert {"422", "500", "503"} <= set(errors), key


def test_the_example_of_every_body_is_accepted(api: httpx.Client, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    item = api.post("/items", json=schemas["NewItem"]["examples"][0]).json()
    orders = schemas["NewOrder"]["examples"]
    assert [len(order.get("lines", [])) for order in orders] == [0, 1]
    for order in orders:
        lines = [line | {"item_id": item["id"]} for line in order.get("lines", [])]
        assert api.post("/orders", json=order | {"lines": lines}).status_code == 201
    content = document["paths"]["/orders:import"]["post"]["requestBody"]["content"]
    for media_type, body in content.items():
        headers = {"content-type": media_type}
        response = api.post("/orders:import", content=body["example"], headers=headers)
        assert response.json()["imported"] == 1


def test_bodies_are_described_in_snake_case_and_say_what_else_is_taken(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    bodies = ("NewOrder", "NewLine", "StatusChange", "NewItem", "ItemChange")
    for body in bodies:
        assert all(name == name.lower() for name in schemas[body]["properties"]), body
        assert schemas[body]["additionalProperties"] is False
        assert "camelCase" in schemas[body]["description"]


@pytest.mark.parametrize(
    ("path", "schema"),
    [("/orders", "OrderPage"), ("/items", "ItemPage"), ("/orders/{id}/history", "History")],
)
def test_answers_have_the_fields_that_are_described(
    api: httpx.Client, document: dict[str, Any], path: str, schema: str
) -> None:
    item = api.post("/items", json={"name": "widget", "price": 1}).json()["id"]
    lines = [{"item_id": item, "quantity": 1, "unit_price_cents": 1}]
    order = api.post("/orders", json={"customer_id": 1, "total_cents": 1, "lines": lines}).json()
    schemas = document["components"]["schemas"]
    (name, rows), _ = api.get(path.format(id=order["id"])).json().items()
    described = schemas[schema]["properties"][name]["items"]["$ref"].rpartition("/")[2]
    assert list(schemas[described]["properties"]) == list(rows[0])
    for line in rows[0].get("lines", []):
        assert list(schemas["Line"]["properties"]) == list(line)


def test_the_example_of_an_order_is_one_that_could_be_answered(api: httpx.Client) -> None:
    item = api.post("/items", json={"name": "widget", "price": 1}).json()["id"]
    example = copy.deepcopy(EXAMPLE_ORDER)
    for line in example["lines"]:
        line["item_id"] = item
    sent = {name: example[name] for name in ("customer_id", "total_cents", "currency", "region")}
    names = ("item_id", "quantity", "unit_price_cents")
    sent["lines"] = [{name: line[name] for name in names} for line in example["lines"]]
    order = api.post("/orders", json=sent).json()
    told_apart = ("id", "created_at", "updated_at")
    assert order == example | {name: order[name] for name in told_apart}
