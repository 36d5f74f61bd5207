"""The API under /v1 is the API: it answers the same, and stays under its path."""

from typing import Any

import httpx
import pytest

from orders_api.settings import Settings

ORDER = {"customer_id": 1, "total_cents": 100, "region": "eu-west"}
MOUNTS = pytest.mark.parametrize("mount", ["", "/v1"], ids=["unversioned", "v1"])


@MOUNTS
def test_what_was_created_is_found_under_the_path_it_was_sent_to(
    api: httpx.Client, mount: str
) -> None:
    for path, body in ((f"{mount}/orders", ORDER), (f"{mount}/items", {"name": "w", "price": 1})):
        created = api.post(path, json=body)
        assert created.status_code == 201
        assert created.headers["location"] == f"{path}/{created.json()['id']}"
        assert api.get(created.headers["location"]).json() == created.json()


@MOUNTS
def test_the_next_page_lies_under_the_same_path(api: httpx.Client, mount: str) -> None:
    for _ in range(2):
        api.post("/orders", json=ORDER | {"region": "paged"})
    first = api.get(f"{mount}/orders", params={"region": "paged", "limit": 1})
    assert first.links["next"]["url"].startswith(f"{mount}/orders?")
    second = api.get(first.links["next"]["url"])
    assert second.json()["orders"][0]["id"] < first.json()["orders"][0]["id"]


@MOUNTS
def test_problems_name_the_path_that_was_called(
    api: httpx.Client, problem: Any, mount: str
) -> None:
    assert problem(api.get(f"{mount}/orders/999999999"))["status"] == 404
    assert problem(api.get(f"{mount}/nothing"))["type"] == "/problems/not-found"
    wrong = api.put(f"{mount}/orders")
    assert problem(wrong)["type"] == "/problems/method-not-allowed"
    assert wrong.headers["allow"] == "GET, POST, HEAD, OPTIONS"


def test_an_order_is_one_whatever_path_it_is_changed_by(api: httpx.Client) -> None:
    order = api.post("/v1/orders", json=ORDER).json()
    headers = {"if-match": '"1"'}
    api.patch(f"/orders/{order['id']}", json={"status": "paid"}, headers=headers)
    assert api.get(f"/v1/orders/{order['id']}").json()["status"] == "paid"


def test_a_key_is_one_whatever_path_it_is_used_at(api: httpx.Client) -> None:
    headers = {"idempotency-key": "one-for-both"}
    first = api.post("/orders", json=ORDER, headers=headers)
    second = api.post("/v1/orders", json=ORDER, headers=headers)
    assert (second.json(), second.headers["idempotency-replayed"]) == (first.json(), "true")
    assert second.headers["location"] == f"/v1{first.headers['location']}"


@MOUNTS
def test_a_feature_that_is_off_is_as_if_it_were_not_there(
    database_url: str, serve: Any, problem: Any, mount: str
) -> None:
    settings = Settings.from_environment({"DATABASE_URL": database_url, "FEATURES_OFF": "imports"})
    with serve(settings) as client:
        refused = client.post(
            f"{mount}/orders:import", content="", headers={"content-type": "text/csv"}
        )
        assert problem(refused)["type"] == "/problems/not-found"
        assert client.post(f"{mount}/orders", json=ORDER).status_code == 201
