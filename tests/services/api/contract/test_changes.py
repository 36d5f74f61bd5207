"""What counts as breaking: every rule of docs/api/versioning.md."""

import copy

import pytest

from tally_testing.contract.changes import openapi_changes
from tally_testing.contract.sample import DOCUMENT, Edit, answered, parameter, post, sent

BREAKING: dict[str, tuple[Edit, str]] = {
    "a path is gone": (lambda d: d["paths"].pop("/items"), "GET /items: is gone"),
    "an operation is gone": (lambda d: d["paths"]["/orders"].pop("get"), "GET /orders: is gone"),
    "an operation has another name": (
        lambda d: post(d).update(operationId="make"),
        "POST /orders: the operation is named make, not create_order",
    ),
    "another scope is asked for": (
        lambda d: post(d)["security"][0]["Password"].append("admin"),
        "POST /orders: Password orders:write may no longer call",
    ),
    "a credential is no longer taken": (
        lambda d: post(d)["security"].pop(),
        "POST /orders: ApiKey may no longer call",
    ),
    "credentials are asked for": (
        lambda d: d["paths"]["/items"]["get"].update(security=[{"ApiKey": []}]),
        "GET /items: nobody may no longer call",
    ),
    "a credential is sent in another header": (
        lambda d: d["components"]["securitySchemes"]["ApiKey"].update(name="Key"),
        "credentials ApiKey: are sent in another way",
    ),
    "tokens come from elsewhere": (
        lambda d: d["components"]["securitySchemes"]["Password"]["flows"]["password"].update(
            tokenUrl="/u"
        ),
        "credentials Password: are sent in another way",
    ),
    "a scheme is gone": (
        lambda d: d["components"]["securitySchemes"].pop("ApiKey"),
        "credentials ApiKey: are gone",
    ),
    "a parameter is gone": (
        lambda d: post(d)["parameters"].pop(0),
        "POST /orders query dry: is gone",
    ),
    "a parameter is required now": (
        lambda d: post(d)["parameters"][0].update(required=True),
        "POST /orders query dry: is required now",
    ),
    "a new parameter is required": (
        lambda d: post(d)["parameters"].append(parameter("shop", required=True)),
        "POST /orders query shop: is required, and new",
    ),
    "a parameter has another type": (
        lambda d: post(d)["parameters"][0].update(schema={"type": "integer"}),
        "POST /orders query dry: boolean is no longer taken",
    ),
    "a parameter is spelled in another way": (
        lambda d: post(d)["parameters"][0].update(style="deepObject"),
        "POST /orders query dry: is spelled in another way",
    ),
    "a body is required now": (
        lambda d: post(d)["requestBody"].update(required=True),
        "POST /orders body: is required now",
    ),
    "a body's media type is gone": (
        lambda d: post(d)["requestBody"]["content"].pop("text/csv"),
        "POST /orders body text/csv: is gone",
    ),
    "a field of a body is gone": (
        lambda d: sent(d)["properties"].pop("note"),
        "POST /orders body/note: is gone",
    ),
    "a field of a body is required now": (
        lambda d: sent(d)["required"].append("region"),
        "POST /orders body/region: is required now",
    ),
    "a limit is narrower": (
        lambda d: sent(d)["properties"]["cents"].update(maximum=8),
        "POST /orders body/cents: maximum differs: 9 and 8",
    ),
    "a lower limit is narrower": (
        lambda d: sent(d)["properties"]["cents"].update(minimum=1),
        "POST /orders body/cents: minimum differs: 0 and 1",
    ),
    "a limit is new": (
        lambda d: sent(d)["properties"]["region"].update(minLength=1),
        "POST /orders body/region: minLength differs: None and 1",
    ),
    "a pattern differs": (
        lambda d: sent(d)["properties"]["region"].update(pattern="^[a-y]+$"),
        "POST /orders body/region: pattern differs: ^[a-z]+$ and ^[a-y]+$",
    ),
    "a value is no longer taken": (
        lambda d: sent(d)["properties"]["status"]["enum"].remove("paid"),
        "POST /orders body/status: enum differs by paid",
    ),
    "values are listed now": (
        lambda d: sent(d)["properties"]["region"].update(enum=["eu"]),
        "POST /orders body/region: enum differs by any",
    ),
    "null is no longer taken": (
        lambda d: sent(d)["properties"].update(note={"type": "string"}),
        "POST /orders body/note: null is no longer taken",
    ),
    "a number must be whole now": (
        lambda d: sent(d)["properties"]["price"].update(type="integer"),
        "POST /orders body/price: number is no longer taken",
    ),
    "a default differs": (
        lambda d: sent(d)["properties"]["region"].update(default="eu"),
        "POST /orders body/region: the default is 'eu', not 'unknown'",
    ),
    "unknown members are no longer taken": (
        lambda d: sent(d)["properties"]["metadata"].update(additionalProperties=False),
        "POST /orders body/metadata/additionalProperties: is limited now",
    ),
    "members are narrower": (
        lambda d: sent(d)["properties"]["metadata"]["additionalProperties"].update(maxLength=1),
        "POST /orders body/metadata/additionalProperties: maxLength differs: None and 1",
    ),
    "an answer is gone": (
        lambda d: post(d)["responses"].pop("201"),
        "POST /orders 201: is gone",
    ),
    "a success is new": (
        lambda d: post(d)["responses"].update({"202": {}}),
        "POST /orders 202: is new, and no error",
    ),
    "an answer's media type is gone": (
        lambda d: d["components"]["responses"]["validation"].update(content={"other": {}}),
        "POST /orders 422 problem: is gone",
    ),
    "an answer's header is gone": (
        lambda d: post(d)["responses"]["201"]["headers"].clear(),
        "POST /orders 201 header ETag: is gone",
    ),
    "a field of an answer is gone": (
        lambda d: answered(d)["properties"].pop("note"),
        "POST /orders 201/note: is gone",
    ),
    "a field of an answer may be missing": (
        lambda d: answered(d)["required"].remove("id"),
        "POST /orders 201/id: may be missing now",
    ),
    "an answer may hold another value": (
        lambda d: answered(d)["properties"]["status"]["enum"].append("lost"),
        "POST /orders 201/status: enum differs by lost",
    ),
    "a field of an answer has another type": (
        lambda d: answered(d)["properties"]["id"].update(type="string"),
        "POST /orders 201/id: string is new",
    ),
    "a field of an answer may have decimals": (
        lambda d: answered(d)["properties"]["id"].update(type="number"),
        "POST /orders 201/id: number is new",
    ),
    "a field of an answer may be null": (
        lambda d: answered(d)["properties"]["id"].update(type=["integer", "null"]),
        "POST /orders 201/id: null is new",
    ),
    "a limit of an answer is wider": (
        lambda d: answered(d)["properties"]["id"].update(maximum=10),
        "POST /orders 201/id: maximum differs: 10 and 9",
    ),
    "an item of an answer has another type": (
        lambda d: answered(d)["properties"]["tags"]["items"].update(type="integer"),
        "POST /orders 201/tags/items: integer is new",
    ),
}

HARMLESS: dict[str, Edit] = {
    "a path is new": lambda d: d["paths"].update({"/new": {"get": {"operationId": "new"}}}),
    "a text differs": lambda d: post(d).update(summary="Make"),
    "less is asked of the caller": lambda d: post(d)["security"][0]["Password"].clear(),
    "another credential is taken": lambda d: post(d)["security"].append({"Google": []}),
    "nobody need be known": lambda d: post(d).pop("security"),
    "a scope is new": lambda d: d["components"]["securitySchemes"]["Password"]["flows"]["password"][
        "scopes"
    ].update(new="New"),
    "a parameter is new": lambda d: post(d)["parameters"].append(parameter("shop")),
    "a header is optional now": lambda d: post(d)["parameters"][1].update(required=False),
    "a field of a body is new": lambda d: sent(d)["properties"].update(new={"type": "string"}),
    "a field of a body is optional now": lambda d: sent(d)["required"].clear(),
    "a limit is wider": lambda d: sent(d)["properties"]["cents"].update(maximum=10, minimum=-1),
    "a limit of a body is gone": lambda d: sent(d)["properties"]["region"].pop("pattern"),
    "another value is taken": lambda d: sent(d)["properties"]["status"]["enum"].append("lost"),
    "null is taken": lambda d: sent(d)["properties"]["cents"].update(type=["integer", "null"]),
    "decimals are taken": lambda d: sent(d)["properties"]["cents"].update(type="number"),
    "a media type is new": lambda d: post(d)["requestBody"]["content"].update({"text/x": {}}),
    "a field of an answer is new": lambda d: answered(d)["properties"].update(new={}),
    "a field of an answer is always there": lambda d: answered(d)["required"].append("note"),
    "a field of an answer is never null": lambda d: answered(d)["properties"].update(
        note={"type": "string"}
    ),
    "a value is no longer answered": lambda d: answered(d)["properties"]["status"]["enum"].pop(),
    "an error is new": lambda d: post(d)["responses"].update({"409": {}}),
    "a reference is written out": lambda d: post(d)["responses"].update(
        {"422": copy.deepcopy(d["components"]["responses"]["validation"])}
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_breaks_clients(name: str) -> None:
    edit, expected = BREAKING[name]
    new = copy.deepcopy(DOCUMENT)
    edit(new)
    changes = openapi_changes(DOCUMENT, new)
    assert [str(change) for change in changes if change.breaking] == [f"BREAKING {expected}"]
    assert any(not change.breaking for change in changes)


@pytest.mark.parametrize("name", HARMLESS)
def test_breaks_nobody_and_is_shown(name: str) -> None:
    new = copy.deepcopy(DOCUMENT)
    HARMLESS[name](new)
    changes = openapi_changes(DOCUMENT, new)
    assert changes
    assert not [str(change) for change in changes if change.breaking]


def test_the_same_document_has_not_changed() -> None:
    assert openapi_changes(DOCUMENT, copy.deepcopy(DOCUMENT)) == []


def test_differences_are_told_by_json_pointer() -> None:
    new = copy.deepcopy(DOCUMENT)
    post(new)["summary"] = "Make"
    del new["paths"]["/orders"]["get"]
    new["paths"]["/a~b"] = {}
    assert [str(change) for change in openapi_changes(DOCUMENT, new)] == [
        "BREAKING GET /orders: is gone",
        '/paths/~1orders/post/summary: "Create" is now "Make"',
        "/paths/~1orders/get: removed",
        "/paths/~1a~0b: added {}",
    ]
