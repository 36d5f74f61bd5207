"""Items: exact prices, and the five things one does with them."""

from typing import Any

import httpx
import pytest

JSON = {"content-type": "application/json"}


def post(api: httpx.Client, **fields: object) -> dict[str, Any]:
    response = api.post("/items", json={"name": "widget", "price": 9.99} | fields)
    assert response.status_code == 201, response.text
    item: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/items/{item['id']}"
    return item


def test_a_name_and_a_price_are_enough_for_an_item(api: httpx.Client) -> None:
    item = post(api)
    assert (item["name"], item["price"], item["in_stock"]) == ("widget", 9.99, True)
    assert api.get(f"/items/{item['id']}").json() == item


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("9.99", "9.99"),
        ("0", "0.00"),
        ("-0.0", "0.00"),
        ("10", "10.00"),
        ("0.1", "0.10"),
        ("1.10e1", "11.00"),
        ("9.9900", "9.99"),
        ("1e13", "10000000000000.00"),
        ("9999999999999.99", "9999999999999.99"),
        ("4503599627370.49", "4503599627370.49"),
    ],
)
def test_a_price_is_kept_to_the_cent(api: httpx.Client, sent: str, answered: str) -> None:
    content = f'{{"name": "widget", "price": {sent}}}'
    response = api.post("/items", content=content, headers=JSON)
    assert response.status_code == 201, response.text
    assert f'"price":{answered},' in response.text


def test_a_patch_changes_what_it_names(api: httpx.Client) -> None:
    item = post(api, in_stock=False)
    path = f"/items/{item['id']}"
    priced = api.patch(path, json={"price": 1.5}).json()
    assert priced == item | {"price": 1.5, "updated_at": priced["updated_at"]}
    assert priced["updated_at"] > item["updated_at"]
    stocked = api.patch(path, json={"name": "gadget", "in_stock": True}).json()
    assert (stocked["name"], stocked["price"], stocked["in_stock"]) == ("gadget", 1.5, True)
    assert api.patch(path, json={}).json() == stocked


def test_a_put_replaces_the_whole_item(api: httpx.Client, problem: Any) -> None:
    item = post(api, in_stock=False)
    path = f"/items/{item['id']}"
    replaced = api.put(path, json={"name": "gadget", "price": 2}).json()
    assert (replaced["name"], replaced["price"], replaced["in_stock"]) == ("gadget", 2, True)
    assert problem(api.put(path, json={"name": "gadget"}))["status"] == 422


def test_a_deleted_item_is_gone(api: httpx.Client, problem: Any) -> None:
    path = f"/items/{post(api)['id']}"
    assert api.delete(path).status_code == 204
    for method, content in (
        ("GET", None),
        ("DELETE", None),
        ("PATCH", b"{}"),
        ("PATCH", b'{"price": 1}'),
        ("PUT", b'{"name": "a", "price": 1}'),
    ):
        headers = JSON if content else {}
        response = api.request(method, path, content=content, headers=headers)
        assert problem(response)["type"] == "/problems/not-found"


def test_an_item_that_an_order_names_cannot_be_deleted(api: httpx.Client, problem: Any) -> None:
    path = f"/items/{(item := post(api))['id']}"
    line = {"item_id": item["id"], "quantity": 1, "unit_price_cents": 1}
    order = {"customer_id": 1, "total_cents": 1, "lines": [line]}
    assert api.post("/orders", json=order).status_code == 201
    found = problem(api.delete(path))
    assert (found["type"], found["status"]) == ("/problems/conflict", 409)
    assert str(item["id"]) in found["detail"]
    assert api.get(path).json() == item
