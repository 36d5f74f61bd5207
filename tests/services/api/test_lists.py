"""Lists: filtered, cut into pages, whole."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from orders_api.services import cursors


@pytest.fixture
def shop(fresh: httpx.Client) -> httpx.Client:
    """Sixty orders of three customers on ten days, some created at the same moment."""
    orders = [
        {
            "customer_id": n % 3 + 1,
            "total_cents": n,
            "region": ("us-west", "eu-west")[n % 2],
            "status": ("pending", "paid", "shipped", "delivered")[n % 4],
            "created_at": f"2026-01-{n // 6 + 1:02}T00:00:00Z",
        }
        for n in range(60)
    ]
    content = "\n".join(json.dumps(order) for order in orders)
    headers = {"content-type": "application/x-ndjson"}
    assert fresh.post("/orders:import", content=content, headers=headers).status_code == 201
    return fresh


def walk(api: httpx.Client, path: str, name: str, **query: Any) -> list[dict[str, Any]]:
    found = []
    cursor: dict[str, Any] = {}
    while True:
        page = api.get(path, params=query | cursor).json()
        found += page[name]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("limit", [1, 7, 30, 59, 60, 61])
def test_pages_together_are_the_whole_list_newest_first(shop: httpx.Client, limit: int) -> None:
    orders = walk(shop, "/orders", "orders", limit=limit)
    assert [order["id"] for order in orders] == list(range(60, 0, -1))


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ({"status": "paid"}, lambda n: n % 4 == 1),
        ({"region": "eu-west"}, lambda n: n % 2 == 1),
        ({"customer_id": 2}, lambda n: n % 3 == 1),
        ({"customer_id": 2, "status": "paid"}, lambda n: n % 12 == 1),
        ({"created_from": "2026-01-09T00:00:00Z"}, lambda n: n >= 48),
        ({"created_to": "2026-01-02T00:00:00Z"}, lambda n: n < 6),
        ({"created_to": "2026-01-01T00:00:00-00:01"}, lambda n: n < 6),
        (
            {"created_from": "2026-01-03T00:00:00Z", "created_to": "2026-01-05T00:00:00Z"},
            lambda n: 12 <= n < 24,
        ),
        ({"region": "nowhere"}, lambda _: False),
    ],
)
def test_filters_select_and_hold_over_pages(shop: httpx.Client, query: Any, matches: Any) -> None:
    expected = [n for n in range(59, -1, -1) if matches(n)]
    for limit in (4, 50):
        orders = walk(shop, "/orders", "orders", limit=limit, **query)
        assert [order["total_cents"] for order in orders] == expected


def test_fifty_orders_are_a_page_if_nothing_is_said(shop: httpx.Client) -> None:
    page = shop.get("/orders").json()
    assert len(page["orders"]) == 50
    assert page["next_cursor"] is not None


def test_an_oversized_limit_is_cut_down(fresh: httpx.Client) -> None:
    rows = "".join(f'{{"customer_id": 1, "total_cents": {n}}}\n' for n in range(501))
    headers = {"content-type": "application/x-ndjson"}
    fresh.post("/orders:import", content=rows, headers=headers)
    page = fresh.get("/orders", params={"limit": 10**9}).json()
    assert len(page["orders"]) == 500


def test_an_order_that_arrives_meanwhile_shifts_no_page(shop: httpx.Client) -> None:
    first = shop.get("/orders", params={"limit": 30})
    shop.post("/orders", json={"customer_id": 1, "total_cents": 60})
    rest = shop.get(first.links["next"]["url"]).json()["orders"]
    assert [order["id"] for order in rest] == list(range(30, 0, -1))


def test_the_link_to_the_next_page_keeps_the_filters(shop: httpx.Client) -> None:
    query = {"region": "eu-west", "created_from": "2026-01-01T00:00:00+00:00", "limit": "2"}
    response = shop.get("/orders", params=query)
    url = urlsplit(response.links["next"]["url"])
    assert url.path == "/orders"
    cursor = response.json()["next_cursor"]
    assert parse_qs(url.query) == {name: [value] for name, value in query.items()} | {
        "cursor": [cursor]
    }
    assert "next" not in shop.get("/orders", params={"limit": 60}).links


def test_a_cursor_is_good_for_its_own_filters_only(shop: httpx.Client, problem: Any) -> None:
    cursor = shop.get("/orders", params={"limit": 2, "status": "paid"}).json()["next_cursor"]
    for query in ({}, {"status": "pending"}, {"status": "paid", "region": "eu-west"}):
        found = problem(shop.get("/orders", params={"cursor": cursor, **query}))
        assert found["errors"][0]["pointer"] == "query/cursor"
        assert "other filters" in found["errors"][0]["detail"]
    same = shop.get("/orders", params={"status": "paid", "cursor": cursor, "limit": 5})
    assert len(same.json()["orders"]) == 5


@pytest.mark.parametrize("key", [[2**62, 1], [0, 2**63], [1], [1, 2, 3], [True, 1], ["1", 1]])
def test_a_forged_cursor_is_refused(api: httpx.Client, problem: Any, key: Any) -> None:
    forged = cursors.encode('["orders", {}]', key)
    found = problem(api.get("/orders", params={"cursor": forged}))
    assert found["errors"][0]["pointer"] == "query/cursor"


def test_an_empty_list_is_a_page(fresh: httpx.Client) -> None:
    assert fresh.get("/orders").json() == {"orders": [], "next_cursor": None}
    assert fresh.get("/items").json() == {"items": [], "next_cursor": None}


def test_items_are_listed_in_pages_and_by_stock(fresh: httpx.Client) -> None:
    for n in range(5):
        item = {"name": f"item {n}", "price": n, "in_stock": n % 2 == 0}
        assert fresh.post("/items", json=item).status_code == 201
    everything = walk(fresh, "/items", "items", limit=2)
    assert [item["id"] for item in everything] == [5, 4, 3, 2, 1]
    in_stock = walk(fresh, "/items", "items", limit=1, in_stock="true")
    assert [item["id"] for item in in_stock] == [5, 3, 1]
    assert [item["id"] for item in walk(fresh, "/items", "items", in_stock="false")] == [4, 2]
