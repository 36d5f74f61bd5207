"""Lines: what an order is made of."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event, text

JSON = {"content-type": "application/json"}


@pytest.fixture
def item(api: httpx.Client) -> int:
    return new_item(api)


def new_item(api: httpx.Client) -> int:
    return int(api.post("/items", json={"name": "widget", "price": 1}).json()["id"])


def lines_of(item: int, *lines: tuple[int, int]) -> list[dict[str, int]]:
    """Lines of (quantity, unit_price_cents)."""
    return [
        {"item_id": item, "quantity": quantity, "unit_price_cents": price}
        for quantity, price in lines
    ]


def order_of(lines: list[dict[str, int]], **fields: object) -> dict[str, Any]:
    total = sum(line["quantity"] * line["unit_price_cents"] for line in lines)
    return {"customer_id": 1, "total_cents": total, "lines": lines} | fields


def post(api: httpx.Client, order: dict[str, Any]) -> dict[str, Any]:
    response = api.post("/orders", json=order)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def refused(api: httpx.Client, problem: Any, order: dict[str, Any]) -> list[dict[str, str]]:
    found = problem(api.post("/orders", json=order))
    assert found["type"] == "/problems/validation"
    errors: list[dict[str, str]] = found["errors"]
    return errors


def pointers(errors: list[dict[str, str]]) -> list[str]:
    return [error["pointer"] for error in errors]


def test_lines_are_answered_in_their_order_with_their_amounts(api: httpx.Client, item: int) -> None:
    other = new_item(api)
    sent = [*lines_of(item, (2, 250), (1, 0)), *lines_of(other, (3, 1)), *lines_of(item, (2, 250))]
    order = post(api, order_of(sent))
    assert order["total_cents"] == 1003
    assert order["lines"] == [
        {"line_no": 1, **sent[0], "amount_cents": 500},
        {"line_no": 2, **sent[1], "amount_cents": 0},
        {"line_no": 3, **sent[2], "amount_cents": 3},
        {"line_no": 4, **sent[3], "amount_cents": 500},
    ]


def test_lines_are_answered_the_same_wherever_an_order_is(api: httpx.Client, item: int) -> None:
    order = post(api, order_of(lines_of(item, (2, 250), (1, 3)), customer_id=7001))
    without = post(api, order_of([], customer_id=7001))
    path = f"/orders/{order['id']}"
    assert api.get(path).json() == order
    assert api.get("/orders?customer_id=7001").json()["orders"] == [without, order]
    for _ in ("moved", "already there"):
        moved = api.patch(path, json={"status": "paid"}, headers={"If-Match": "*"})
        assert moved.json()["lines"] == order["lines"]


def test_an_order_without_lines_has_none(api: httpx.Client) -> None:
    assert post(api, {"customer_id": 1, "total_cents": 5})["lines"] == []
    assert post(api, {"customer_id": 1, "total_cents": 5, "lines": []})["lines"] == []


def test_the_bounds_of_lines_themselves_are_accepted(api: httpx.Client, item: int) -> None:
    most = post(api, order_of(lines_of(item, *[(1_000_000, 5_000_000)] * 200)))
    assert most["total_cents"] == 10**15
    assert [line["line_no"] for line in most["lines"]] == list(range(1, 201))
    dear = post(api, order_of(lines_of(item, (1, 10**15), (1_000_000, 0))))
    assert [line["amount_cents"] for line in dear["lines"]] == [10**15, 0]


@pytest.mark.parametrize("total", [0, 499, 501, 10**15])
def test_a_total_that_is_not_the_sum_of_the_lines_is_refused_with_both_figures(
    api: httpx.Client, problem: Any, item: int, total: int
) -> None:
    order = order_of(lines_of(item, (2, 250)), total_cents=total)
    assert refused(api, problem, order) == [
        {
            "pointer": "/total_cents",
            "detail": f"The lines add up to 500, total_cents is {total}",
        }
    ]


def test_lines_beyond_the_largest_total_are_refused(
    api: httpx.Client, problem: Any, item: int
) -> None:
    order = order_of(lines_of(item, *[(1_000_000, 10**15)] * 200), total_cents=10**15)
    [error] = refused(api, problem, order)
    assert error["pointer"] == "/total_cents"
    assert str(200 * 10**21) in error["detail"]


def test_an_order_with_lines_still_says_its_total(
    api: httpx.Client, problem: Any, item: int
) -> None:
    order = order_of(lines_of(item, (2, 250)))
    del order["total_cents"]
    assert pointers(refused(api, problem, order)) == ["/total_cents"]


def test_unknown_items_are_refused_by_pointer_and_nothing_is_kept(
    api: httpx.Client, problem: Any, item: int
) -> None:
    sent = lines_of(item, (1, 1), (1, 1), (1, 1))
    sent[1]["item_id"], sent[2]["item_id"] = 2**63 - 1, 2**62
    errors = refused(api, problem, order_of(sent, customer_id=7002))
    assert pointers(errors) == ["/lines/1/item_id", "/lines/2/item_id"]
    assert errors[0]["detail"] == "There is no such item"
    assert api.get("/orders?customer_id=7002").json()["orders"] == []


WHOLE = ["true", '"7"', "1.0", "1e3", "null", "[]", "{}", "-1", "1" + "0" * 30, "NaNo"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("item_id", value) for value in [*WHOLE[:-1], "0", str(2**63)]],
        *[("quantity", value) for value in [*WHOLE[:-1], "0", "1000001"]],
        *[("unit_price_cents", value) for value in [*WHOLE[:-1], str(10**15 + 1)]],
        *[(field, "1") for field in ("line_no", "amount_cents", "lineNo", "price")],
    ],
)
def test_a_bad_value_of_a_line_is_refused_by_pointer(
    api: httpx.Client, problem: Any, field: str, value: str
) -> None:
    line = {"item_id": "1", "quantity": "1", "unit_price_cents": "1"} | {field: value}
    members = ",".join(f'"{name}":{text}' for name, text in line.items())
    good = '{"item_id":1,"quantity":1,"unit_price_cents":1}'
    content = f'{{"customer_id":1,"total_cents":2,"lines":[{good},{{{members}}}]}}'
    found = problem(api.post("/orders", content=content, headers=JSON))
    assert pointers(found["errors"]) == [f"/lines/1/{field}"]


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        (None, [("/lines", "Input should be a JSON array")]),
        ({}, [("/lines", "Input should be a JSON array")]),
        ("[]", [("/lines", "Input should be a JSON array")]),
        ([[]], [("/lines/0", "Input should be a JSON object")]),
        ([None], [("/lines/0", "Input should be a JSON object")]),
        (
            [{}],
            [
                ("/lines/0/item_id", "Field required"),
                ("/lines/0/quantity", "Field required"),
                ("/lines/0/unit_price_cents", "Field required"),
            ],
        ),
    ],
)
def test_what_are_no_lines_is_refused_by_pointer(
    api: httpx.Client, problem: Any, lines: object, errors: list[tuple[str, str]]
) -> None:
    found = refused(api, problem, {"customer_id": 1, "total_cents": 1, "lines": lines})
    assert [(error["pointer"], error["detail"]) for error in found] == errors


def test_more_than_two_hundred_lines_are_refused(
    api: httpx.Client, problem: Any, item: int
) -> None:
    order = order_of(lines_of(item, *[(1, 1)] * 201))
    [error] = refused(api, problem, order)
    assert error["pointer"] == "/lines"
    assert "200" in error["detail"]


def test_the_lines_of_a_deleted_order_stay(fresh: httpx.Client, engine: Engine) -> None:
    order = post(fresh, order_of(lines_of(new_item(fresh), (2, 250))))
    fresh.delete(f"/orders/{order['id']}", headers={"If-Match": "*"})
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT order_id, quantity FROM order_lines")).all()
    assert [tuple(line) for line in kept] == [(order["id"], 2)]


def test_a_page_is_one_statement_whatever_its_length(api: httpx.Client, item: int) -> None:
    for _ in range(5):
        post(api, order_of(lines_of(item, (2, 250), (1, 3)), customer_id=7003))
    read: list[bool] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        read.append("order_lines" in statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        pages = [api.get(f"/orders?customer_id=7003&limit={limit}").json() for limit in (1, 5)]
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert [len(page["orders"]) for page in pages] == [1, 5]
    assert all(len(order["lines"]) == 2 for order in pages[1]["orders"])
    assert read.count(True) == 2
