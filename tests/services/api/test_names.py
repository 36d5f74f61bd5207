"""Names may be sent in snake_case or camelCase; data stays as it is."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.status import OrderStatus
from orders_api.schemas.naming import camel_case
from orders_api.schemas.order import NewOrder

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
CSV = {"content-type": "text/csv"}
ORDER = {"customerId": 1, "totalCents": 100}
METADATA = {"giftWrap": "yes", "gift_wrap": "no"}


@pytest.fixture
def item(api: httpx.Client) -> int:
    return int(api.post("/items", json={"name": "widget", "price": 1}).json()["id"])


def spell(value: Any) -> Any:
    """The same body in camelCase; the keys of metadata are data."""
    if isinstance(value, list):
        return [spell(one) for one in value]
    if isinstance(value, dict):
        return {
            camel_case(name): one if name == "metadata" else spell(one)
            for name, one in value.items()
        }
    return value


def pointers(found: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in found["errors"]]


def test_an_order_in_camel_case_is_the_same_order(api: httpx.Client, item: int) -> None:
    snake = {
        "customer_id": 1,
        "total_cents": 500,
        "created_at": "2026-01-01T00:00:00Z",
        "metadata": METADATA,
        "lines": [{"item_id": item, "quantity": 2, "unit_price_cents": 250}],
    }
    camel = spell(snake)
    assert {"customerId", "totalCents", "createdAt"} < set(camel)
    assert set(camel["lines"][0]) == {"itemId", "quantity", "unitPriceCents"}
    orders = [api.post("/orders", json=body).json() for body in (snake, camel)]
    for order in orders:
        assert {name: order[name] for name in ("customer_id", "total_cents")} == {
            "customer_id": 1,
            "total_cents": 500,
        }
        assert order["created_at"] == "2026-01-01T00:00:00.000000Z"
        assert order["metadata"] == METADATA
        assert order["lines"] == [{"line_no": 1, **snake["lines"][0], "amount_cents": 500}]  # type: ignore[index]


def test_an_item_in_camel_case_is_the_same_item(api: httpx.Client, item: int) -> None:
    path = f"/items/{item}"
    assert api.patch(path, json={"inStock": False}).json()["in_stock"] is False
    replaced = api.put(path, json={"name": "gadget", "price": 2, "inStock": True}).json()
    assert replaced["in_stock"] is True
    body = {"name": "gadget", "price": 2, "inStock": False}
    assert api.post("/items", json=body).json()["in_stock"] is False


def test_records_of_an_import_may_be_in_camel_case(fresh: httpx.Client) -> None:
    records = [
        {"customer_id": 1, "total_cents": 100, "created_at": "2020-01-01T00:00:00Z"},
        {"customerId": 1, "totalCents": 100, "createdAt": "2020-01-01T00:00:00Z"},
        {"customerId": 1, "total_cents": 100, "createdAt": "2020-01-01T00:00:00Z"},
    ]
    lines = "".join(json.dumps(record | {"metadata": METADATA}) + "\n" for record in records)
    assert fresh.post("/orders:import", content=lines, headers=NDJSON).json()["imported"] == 3
    table = (
        "customerId,totalCents,createdAt,metadata\n"
        '1,100,2020-01-01T00:00:00Z,"{""giftWrap"": ""yes"", ""gift_wrap"": ""no""}"\n'
    )
    assert fresh.post("/orders:import", content=table, headers=CSV).json()["imported"] == 1
    orders = fresh.get("/orders").json()["orders"]
    same = ("customer_id", "total_cents", "created_at", "metadata")
    assert [[order[name] for name in same] for order in orders] == [
        [1, 100, "2020-01-01T00:00:00.000000Z", METADATA]
    ] * 4


@pytest.mark.parametrize(
    ("path", "body", "pointer", "other"),
    [
        ("/orders", ORDER | {"customer_id": 1}, "/customerId", "customer_id"),
        ("/orders", {"total_cents": 1} | ORDER, "/totalCents", "total_cents"),
        (
            "/orders",
            ORDER | {"lines": [{"itemId": 1, "item_id": 1, "quantity": 1, "unitPriceCents": 100}]},
            "/lines/0/itemId",
            "item_id",
        ),
        (
            "/items",
            {"name": "a", "price": 1, "in_stock": True, "inStock": True},
            "/inStock",
            "in_stock",
        ),
    ],
)
def test_a_field_in_both_spellings_is_refused_by_pointer(
    api: httpx.Client, problem: Any, path: str, body: dict[str, Any], pointer: str, other: str
) -> None:
    [error] = problem(api.post(path, json=body))["errors"]
    assert error == {
        "pointer": pointer,
        "detail": f"It is {other} in another spelling; send one of them",
    }


def test_a_field_in_both_spellings_is_refused_in_an_import(api: httpx.Client, problem: Any) -> None:
    line = json.dumps(ORDER | {"customer_id": 1})
    [error] = problem(api.post("/orders:import", content=line, headers=NDJSON))["errors"]
    assert (error["line"], error["field"]) == (1, "customerId")
    assert "customer_id" in error["detail"]
    table = "customer_id,total_cents,customerId\n1,1,1\n"
    [error] = problem(api.post("/orders:import", content=table, headers=CSV))["errors"]
    assert error == {"line": 1, "field": "customerId", "detail": "The column stands twice"}


@pytest.mark.parametrize(
    "name",
    [
        "customerid",
        "CustomerId",
        "customerID",
        "CUSTOMER_ID",
        "customer_Id",
        "customer-id",
        "Region",
    ],
)
def test_no_other_spelling_is_taken(api: httpx.Client, problem: Any, name: str) -> None:
    body = {"customer_id": 1, "total_cents": 1, name: 1}
    [error] = problem(api.post("/orders", json=body))["errors"]
    assert error == {"pointer": f"/{name}", "detail": "There is no such field"}
    [error] = problem(api.post("/orders:import", content=json.dumps(body), headers=NDJSON))[
        "errors"
    ]
    assert error["field"] == name


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"customerId": 0}, "/customerId"),
        ({"totalCents": 1.5}, "/totalCents"),
        ({"totalCents": 99}, "/totalCents"),
        ({"createdAt": "yesterday"}, "/createdAt"),
        ({"createdAt": "2999-01-01T00:00:00Z"}, "/createdAt"),
        ({"currency": "XXZ"}, "/currency"),
        ({"lines": [{"itemId": 0, "quantity": 1, "unitPriceCents": 100}]}, "/lines/0/itemId"),
        ({"lines": [{"itemId": 2**62, "quantity": 1, "unitPriceCents": 100}]}, "/lines/0/itemId"),
        (
            {"lines": [{"itemId": 1, "quantity": 1, "unitPriceCents": -1}]},
            "/lines/0/unitPriceCents",
        ),
    ],
)
def test_errors_name_a_field_as_the_caller_did(
    api: httpx.Client, problem: Any, item: int, change: dict[str, Any], pointer: str
) -> None:
    lines = [{"itemId": item, "quantity": 1, "unitPriceCents": 100}]
    found = problem(api.post("/orders", json=ORDER | {"lines": lines} | change))
    assert pointers(found) == [pointer]


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"customerId": "1", "totalCents": 1}, "customerId"),
        (ORDER | {"createdAt": "yesterday"}, "createdAt"),
        (ORDER | {"createdAt": "2999-01-01T00:00:00Z"}, "createdAt"),
    ],
)
def test_errors_of_an_import_name_a_field_as_the_file_does(
    api: httpx.Client, problem: Any, record: dict[str, Any], field: str
) -> None:
    content = json.dumps(record)
    found = problem(api.post("/orders:import", content=content, headers=NDJSON))
    assert [error["field"] for error in found["errors"]] == [field]


def test_a_missing_field_is_named_in_snake_case(api: httpx.Client, problem: Any) -> None:
    found = problem(api.post("/orders", json={"customerId": 1}))
    assert pointers(found) == ["/total_cents"]


@pytest.mark.parametrize("lines", ["[]", '[{"item_id":1,"quantity":1,"unit_price_cents":1}]', "1"])
def test_an_import_refuses_lines_and_says_where_they_go(
    api: httpx.Client, problem: Any, lines: str
) -> None:
    content = f'{{"customer_id":1,"total_cents":1,"lines":{lines}}}'
    [error] = problem(api.post("/orders:import", content=content, headers=NDJSON))["errors"]
    assert (error["line"], error["field"]) == (1, "lines")
    assert "one by one" in error["detail"]
    table = 'customer_id,total_cents,lines\n1,1,"[]"\n'
    [error] = problem(api.post("/orders:import", content=table, headers=CSV))["errors"]
    assert (error["line"], error["field"]) == (1, "lines")
    assert "one by one" in error["detail"]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
TIMES = st.sampled_from(
    [
        ("2026-11-21T09:00:00Z", "2026-11-21T10:00:00.000000+01:00"),
        ("2026-11-21T09:00:00.5Z", "2026-11-21T05:00:00.500000-0400"),
        ("1990-01-01T00:00:00+00:00", "1990-01-01T00:00Z"),
    ]
)
LINE = st.fixed_dictionaries(
    {
        "item_id": st.integers(1, 2**63 - 1),
        "quantity": st.integers(1, 10**6),
        "unit_price_cents": st.integers(0, 10**4),
    }
)
DEFAULTS: dict[str, Any] = {
    "region": "unknown",
    "status": "pending",
    "currency": "USD",
    "metadata": {},
    "created_at": None,
    "lines": [],
}


@st.composite
def orders_sent_in_two_ways(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same order: its names spelled, its keys ordered, its defaults sent in another way."""
    order: dict[str, Any] = {"customer_id": draw(st.integers(1, 2**63 - 1))}
    order |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "region": st.sampled_from(["unknown", "us-west"]),
                "status": st.sampled_from(OrderStatus).map(str),
                "currency": st.sampled_from(["USD", "JPY"]),
                "metadata": st.dictionaries(TEXT.filter(len), TEXT, max_size=5),
                "lines": st.lists(LINE, max_size=3),
            },
        )
    )
    lines = order.get("lines")
    sums = sum(line["quantity"] * line["unit_price_cents"] for line in lines or [])
    order["total_cents"] = sums if lines else draw(st.integers(0, 10**15))
    times = draw(st.none() | TIMES)
    one, other = (order | ({"created_at": at} if at else {}) for at in times or (None, None))
    for name in draw(st.sets(st.sampled_from(sorted(DEFAULTS)))):
        other.setdefault(name, DEFAULTS[name])
    if draw(st.booleans()):
        other = spell(other)
    return one, shuffled(draw, other)


def shuffled(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, list):
        return [shuffled(draw, one) for one in value]
    if isinstance(value, dict):
        members = draw(st.permutations(list(value.items())))
        return {name: shuffled(draw, one) for name, one in members}
    return value


@given(sent=orders_sent_in_two_ways())
def test_the_same_order_makes_the_same_bytes_however_it_was_sent(
    sent: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    one, other = (NewOrder.model_validate(body).model_dump_json() for body in sent)
    assert one == other
    read = json.loads(one)
    assert NewOrder.model_validate(read).model_dump_json() == one
    assert list(read["metadata"]) == sorted(read["metadata"])
    assert {name: read[name] for name in sent[0] if name != "created_at"} == {
        name: value for name, value in sent[0].items() if name != "created_at"
    }


ONE = {
    "customer_id": 1,
    "total_cents": 2,
    "metadata": {"a": "b"},
    "created_at": "2026-11-21T09:00:00Z",
    "lines": [
        {"item_id": 1, "quantity": 1, "unit_price_cents": 1},
        {"item_id": 2, "quantity": 1, "unit_price_cents": 1},
    ],
}


@pytest.mark.parametrize(
    "change",
    [
        {"customer_id": 2},
        {"region": "us-west"},
        {"status": "paid"},
        {"currency": "JPY"},
        {"metadata": {"a": "c"}},
        {"metadata": {"A": "b"}},
        {"metadata": {"a": "b", "c": ""}},
        {"created_at": "2026-11-21T09:00:00.000001Z"},
        {"created_at": None},
        {"lines": []},
        {"lines": ONE["lines"][::-1]},  # type: ignore[index]
        {"lines": [{"item_id": 1, "quantity": 2, "unit_price_cents": 1}]},
        {"lines": [], "total_cents": 3},
    ],
)
def test_another_order_makes_other_bytes(change: dict[str, Any]) -> None:
    one, other = (NewOrder.model_validate(body).model_dump_json() for body in (ONE, ONE | change))
    assert one != other


def test_the_bytes_of_an_order_do_not_change_from_release_to_release() -> None:
    """They are what an Idempotency-Key stands for, for days."""
    assert NewOrder.model_validate(ONE | {"metadata": {"ü": "\n", "a": "b"}}).model_dump_json() == (
        '{"customer_id":1,"region":"unknown","status":"pending","currency":"USD",'
        '"metadata":{"a":"b","ü":"\\n"},"created_at":"2026-11-21T09:00:00Z",'
        '"lines":[{"item_id":1,"quantity":1,"unit_price_cents":1},'
        '{"item_id":2,"quantity":1,"unit_price_cents":1}],"total_cents":2}'
    )
