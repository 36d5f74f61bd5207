"""The document is sound: valid, complete, and with examples of everything."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from orders_api.app import create_app
from orders_api.openapi.operations import needs
from orders_api.schemas.need import Need
from orders_api.schemas.scopes import Scope
from tally_testing.contract.change import Node, resolve
from tally_testing.contract.snapshot import current

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENT = current()
OPERATIONS = {
    operation["operationId"]: operation
    for path in DOCUMENT["paths"].values()
    for operation in path.values()
}


def schemas(node: Any) -> Iterator[Node]:
    """Yield every schema that stands in a node of the document."""
    if isinstance(node, dict):
        if isinstance(node.get("schema"), dict):
            yield node["schema"]
        for child in node.values():
            yield from schemas(child)
    elif isinstance(node, list):
        for child in node:
            yield from schemas(child)


def validator(schema: Node) -> jsonschema_rs.Validator:
    whole = schema | {"components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def examples(content: Node) -> list[Any]:
    """Return the examples of a parameter, a body or an answer, wherever they stand."""
    found = [content["example"]] if "example" in content else []
    named = content.get("examples", {}).values()
    found += [resolve(DOCUMENT, example)["value"] for example in named]
    return [*found, *resolve(DOCUMENT, content["schema"]).get("examples", [])]


def contents() -> Iterator[tuple[str, Node]]:
    """Yield what is sent and answered, by a name."""
    for name, operation in OPERATIONS.items():
        for parameter in operation.get("parameters", ()):
            yield f"{name} {parameter['name']}", parameter
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} {media_type}", content
        for status, answer in operation["responses"].items():
            for media_type, content in resolve(DOCUMENT, answer).get("content", {}).items():
                # The bytes of a file have no example.
                if content["schema"].get("format") != "binary":
                    yield f"{name} {status} {media_type}", content


CONTENTS = dict(contents())


def test_it_is_valid_openapi_with_valid_schemas() -> None:
    # Formats aside: it wants whole URLs for tokens, where OpenAPI 3.1 takes relative ones as well.
    jsonschema_rs.Draft202012Validator(OPENAPI_31, validate_formats=False).validate(DOCUMENT)
    for schema in [*DOCUMENT["components"]["schemas"].values(), *schemas(DOCUMENT)]:
        jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})


@pytest.mark.parametrize("name", CONTENTS)
def test_there_are_examples_and_they_are_what_the_schema_says(name: str) -> None:
    content = CONTENTS[name]
    shown = examples(content)
    assert shown
    check = validator(content["schema"])
    for example in shown:
        check.validate(example)


def test_limits_are_exact_and_in_words_that_json_schema_knows() -> None:
    order = DOCUMENT["components"]["schemas"]["NewOrder"]["properties"]
    assert order["customer_id"]["maximum"] == 2**63 - 1
    assert order["metadata"]["additionalProperties"]["maxLength"] == 500
    for schema in [*DOCUMENT["components"]["schemas"].values(), *schemas(DOCUMENT)]:
        assert not {"ge", "gt", "le", "lt", "patternProperties"} & set(
            re.findall(r"'(\w+)':", str(schema))
        )


def test_links_lead_to_operations_and_give_parameters_that_these_have() -> None:
    links = [
        link
        for operation in OPERATIONS.values()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert len(links) > 20
    for link in links:
        parameters = OPERATIONS[link["operationId"]].get("parameters", [])
        assert set(link["parameters"]) <= {parameter["name"] for parameter in parameters}


def test_each_operation_asks_for_what_its_route_asks_for() -> None:
    needed = needs(create_app())
    assert set(OPERATIONS) == set(needed)
    for name, operation in OPERATIONS.items():
        asked = needed[name]
        schemes = [] if asked is Need.NOTHING else ["Password", "ApiKey", "GoogleIdToken"]
        scopes = [asked] if isinstance(asked, Scope) else []
        assert operation["security"] == [{scheme: scopes} for scheme in schemes], name
        refusals = {"401", "403", "429"} & set(operation["responses"])
        if schemes:
            assert refusals == ({"401", "403", "429"} if scopes else {"401", "429"}), name


def test_every_scope_means_something_and_every_tag_is_described() -> None:
    flow = DOCUMENT["components"]["securitySchemes"]["Password"]["flows"]["password"]
    assert set(flow["scopes"]) == set(Scope)
    assert flow["tokenUrl"] == "/v1/auth/token"
    tags = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert tags == {tag["name"] for tag in DOCUMENT["tags"]}


def test_both_documents_differ_in_nothing_but_where_they_are() -> None:
    root = create_app().openapi()
    assert root["servers"][0]["url"] == "/"
    assert DOCUMENT["servers"][0]["url"] == "/v1"
    assert root["paths"] == DOCUMENT["paths"]
    assert root["components"]["schemas"] == DOCUMENT["components"]["schemas"]
