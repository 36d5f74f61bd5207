"""Lists: filtered, cut into pages, whole."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import Engine

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
        ({"status": ["paid", "shipped"], "region": "us-west"}, lambda n: n % 4 == 2),
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


ONE_OF = "Input should be 'pending', 'paid', 'shipped', 'delivered', 'cancelled' or 'refunded'"
REGION = "String should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'"
DIGITS = "Use a whole number in digits"
ONCE = "May stand only once"
UNKNOWN = "There is no such parameter"
NO_CURSOR = "This is not a cursor that a list returned"
SORTS = "Input should be '-created_at' or 'created_at'"
TIME = (
    "Use ISO 8601 with an offset and at most microseconds, like"
    " 2026-11-21T09:00:00Z or 2026-11-21T09:00:00+01:00 (in a URL, + is %2B)"
)


@pytest.mark.parametrize(
    ("query", "name", "detail"),
    [
        ("status=", "status", ONE_OF),
        ("status=lost", "status", ONE_OF),
        ("status=paid,pending", "status", ONE_OF),
        ("status=paid&status=lost", "status", ONE_OF),
        ("status=paid&status=paid", "status", "A status may stand only once"),
        ("status[0]=paid", "status[0]", UNKNOWN),
        ("region=", "region", REGION),
        ("region=%20", "region", REGION),
        ("region=a&region=b", "region", ONCE),
        ("customer_id=", "customer_id", DIGITS),
        ("customer_id=x", "customer_id", DIGITS),
        ("customer_id=0", "customer_id", "Input should be greater than or equal to 1"),
        (
            f"customer_id={2**63}",
            "customer_id",
            f"Input should be less than or equal to {2**63 - 1}",
        ),
        ("created_from=", "created_from", TIME),
        ("created_from=2026-01-01", "created_from", TIME),
        ("created_from=2026-01-01T00:00:00+01:00", "created_from", TIME),
        ("created_to=2026-13-01T00:00:00Z", "created_to", "There is no such date or time"),
        (
            "created_from=2026-01-02T00:00:00Z&created_to=2026-01-02T01:00:00%2B01:00",
            "created_to",
            "created_to must lie after created_from",
        ),
        ("sort=", "sort", SORTS),
        ("sort=total_cents", "sort", SORTS),
        ("sort=-created_at&sort=created_at", "sort", ONCE),
        ("limit=", "limit", DIGITS),
        ("limit=1.5", "limit", DIGITS),
        ("limit=0", "limit", "Input should be greater than or equal to 1"),
        ("limit=-1", "limit", "Input should be greater than or equal to 1"),
        ("limit=5&limit=5", "limit", ONCE),
        ("cursor=", "cursor", NO_CURSOR),
        ("cursor=x", "cursor", NO_CURSOR),
        ("cursor=%C3%A9", "cursor", NO_CURSOR),
        ("cursor=a&cursor=b", "cursor", ONCE),
        ("offset=3", "offset", UNKNOWN),
        ("metadata=x", "metadata", "Write metadata[key]=value"),
        ("metadata[a=x", "metadata[a", UNKNOWN),
        ("metadata[]=x", "metadata[]", "String should have at least 1 character"),
        ("metadata[a]=1&metadata[a]=2", "metadata[a]", ONCE),
        ("metadata[a]=%FF", "metadata[a]", "Is not UTF-8"),
        ("metadata[a]=%00", "metadata[a]", "The NUL character cannot be stored"),
        (
            f"metadata[{'k' * 41}]=a",
            f"metadata[{'k' * 41}]",
            "String should have at most 40 characters",
        ),
        (f"metadata[a]={'v' * 501}", "metadata[a]", "String should have at most 500 characters"),
    ],
)
def test_what_no_list_can_be_asked_is_refused_exactly(
    api: httpx.Client, problem: Any, query: str, name: str, detail: str
) -> None:
    found = problem(api.get(f"/orders?{query}"))
    assert found["status"] == 422
    assert found["errors"] == [{"pointer": f"query/{name}", "detail": detail}]


def test_eleven_pairs_of_metadata_are_too_many(api: httpx.Client, problem: Any) -> None:
    pairs = {f"metadata[{n}]": "x" for n in range(11)}
    assert problem(api.get("/orders", params=pairs))["errors"][0]["pointer"] == "query/metadata"
    pairs.popitem()
    assert api.get("/orders", params=pairs).json()["orders"] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("a][b", "x"),
        ("[]", "[]"),
        ("a b+", " +&=%;#"),
        ("ключ", "значение"),
        ("k", ""),
        ('"\\', "'"),
    ],
)
def test_a_pair_of_metadata_is_compared_exactly(api: httpx.Client, key: str, value: str) -> None:
    unlike = [{key: f"{value}x"}, {f"{key}x": value}, {f"x{key}": value}, {}]
    order = {"customer_id": 1, "total_cents": 1}
    ids = [
        api.post("/orders", json={**order, "metadata": metadata}).json()["id"]
        for metadata in ({key: value}, {key: value, "more": "x"}, *unlike)
    ]
    asked = {f"metadata[{key}]": value}
    found = api.get("/orders", params={**asked, "limit": 500}).json()["orders"]
    assert {order["id"] for order in found} & set(ids) == set(ids[:2])
    both = api.get("/orders", params={**asked, "metadata[more]": "x"}).json()["orders"]
    assert {order["id"] for order in both} & set(ids) == {ids[1]}


def test_an_order_that_only_shares_a_hash_is_not_listed(
    fresh: httpx.Client, engine: Engine
) -> None:
    for metadata in ({"a": "1"}, {"b": "2"}):
        fresh.post("/orders", json={"customer_id": 1, "total_cents": 1, "metadata": metadata})
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO order_metadata SELECT wanted.pair, other.created_at, other.order_id"
            " FROM order_metadata AS wanted, order_metadata AS other"
            " WHERE wanted.order_id = 1 AND other.order_id = 2"
        )
    found = fresh.get("/orders", params={"metadata[a]": "1"}).json()["orders"]
    assert [order["id"] for order in found] == [1]


def test_a_list_that_does_not_come_is_given_up(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        answer = fresh.get("/orders")
    assert problem(answer)["type"] == "/problems/unavailable"
    assert "retry-after" in answer.headers
    assert fresh.get("/orders").status_code == 200


def test_the_oldest_come_first_if_asked_for(shop: httpx.Client) -> None:
    orders = walk(shop, "/orders", "orders", limit=7, sort="created_at")
    assert [order["id"] for order in orders] == list(range(1, 61))


def test_the_link_keeps_parameters_that_stand_several_times(shop: httpx.Client) -> None:
    query = "status=paid&status=pending&metadata%5Bk%5D=&limit=1&sort=created_at"
    add = {"customer_id": 1, "total_cents": 1, "metadata": {"k": ""}}
    for _ in range(2):
        shop.post("/orders", json=add)
    answer = shop.get(f"/orders?{query}")
    url = answer.links["next"]["url"]
    assert parse_qs(urlsplit(url).query, keep_blank_values=True) == {
        "status": ["paid", "pending"],
        "metadata[k]": [""],
        "limit": ["1"],
        "sort": ["created_at"],
        "cursor": [answer.json()["next_cursor"]],
    }
    assert [order["id"] for order in shop.get(url).json()["orders"]] == [62]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"sort": "created_at"}, {"sort": "-created_at"}),
        ({"status": ["paid"]}, {"status": ["paid", "pending"]}),
        ({"metadata[a]": "b"}, {"metadata[a]": "c"}),
        ({"created_from": "2026-01-01T00:00:00Z"}, {"created_to": "2026-01-01T00:00:00Z"}),
    ],
)
def test_a_cursor_refuses_another_sort_or_filter(
    fresh: httpx.Client, problem: Any, first: Any, then: Any
) -> None:
    order = {"customer_id": 1, "total_cents": 1, "status": "paid", "metadata": {"a": "b"}}
    for _ in range(2):
        fresh.post("/orders", json=order)
    cursor = fresh.get("/orders", params={**first, "limit": 1}).json()["next_cursor"]
    assert fresh.get("/orders", params={**first, "cursor": cursor}).json()["orders"]
    found = problem(fresh.get("/orders", params={**then, "cursor": cursor}))
    detail = "This cursor belongs to other filters or another sort; begin without one"
    assert found["errors"] == [{"pointer": "query/cursor", "detail": detail}]


def test_equal_filters_in_other_words_keep_a_cursor_good(shop: httpx.Client) -> None:
    first = "status=paid&status=pending&created_from=2026-01-01T00:00:00Z"
    cursor = shop.get(f"/orders?{first}&limit=1").json()["next_cursor"]
    same = "status=pending&status=paid&created_from=2026-01-01T01:00:00%2B01:00"
    assert shop.get(f"/orders?{same}&cursor={cursor}").status_code == 200


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
