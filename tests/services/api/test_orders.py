"""Orders over HTTP: created, read, moved, deleted, remembered."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders.status import TRANSITIONS, OrderStatus

NEW = {"customer_id": 42, "total_cents": 1999, "region": "us-west"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
ANY = {"If-Match": "*"}


def post(api: httpx.Client, **fields: object) -> dict[str, Any]:
    response = api.post("/orders", json=NEW | fields)
    assert response.status_code == 201, response.text
    order: dict[str, Any] = response.json()
    return order


def move(api: httpx.Client, order: dict[str, Any], to: str, **headers: str) -> httpx.Response:
    path = f"/orders/{order['id']}"
    return api.patch(path, json={"status": to}, headers=ANY | headers)


def history(api: httpx.Client, order: dict[str, Any]) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = api.get(f"/orders/{order['id']}/history").json()["changes"]
    return changes


def test_three_fields_are_enough_for_an_order(api: httpx.Client) -> None:
    response = api.post("/orders", json=NEW)
    order = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/orders/{order['id']}"
    assert response.headers["etag"] == '"1"'
    created_at = datetime.fromisoformat(order["created_at"])
    assert abs(datetime.now(UTC) - created_at) < timedelta(minutes=1)
    assert order == NEW | {
        "id": order["id"],
        "currency": "USD",
        "exponent": 2,
        "total": "19.99",
        "status": "pending",
        "version": 1,
        "metadata": {},
        "lines": [],
        "created_at": order["created_at"],
        "updated_at": order["created_at"],
        "changed_by": "anonymous",
        "trace_id": None,
    }


def test_every_optional_field_is_kept_as_sent(api: httpx.Client) -> None:
    fields = {
        "status": "paid",
        "currency": "JPY",
        "metadata": {"källa": 'a "quoted" \\ value\n', "a": ""},
        "created_at": "1990-01-01T00:00:00Z",
    }
    order = post(api, **fields)
    assert {name: order[name] for name in fields} == fields | {
        "created_at": "1990-01-01T00:00:00.000000Z"
    }
    assert order["exponent"] == 0


def test_a_time_with_an_offset_is_answered_in_utc_to_the_microsecond(api: httpx.Client) -> None:
    order = post(api, created_at="2020-02-29T23:30:00.000001-01:00")
    assert order["created_at"] == "2020-03-01T00:30:00.000001Z"


def test_the_bounds_themselves_are_accepted(api: httpx.Client) -> None:
    most = post(
        api,
        customer_id=2**63 - 1,
        total_cents=10**15,
        region="r" * 64,
        metadata={f"{n:040}": "x" * 500 for n in range(50)},
    )
    assert (most["customer_id"], most["total_cents"]) == (2**63 - 1, 10**15)
    assert len(most["metadata"]) == 50
    assert post(api, customer_id=1, total_cents=0)["total_cents"] == 0


def test_an_order_is_answered_the_same_wherever_it_is_read(api: httpx.Client) -> None:
    order = post(api, customer_id=901)
    response = api.get(f"/orders/{order['id']}")
    assert response.json() == order
    assert response.headers["etag"] == '"1"'
    assert api.get("/orders", params={"customer_id": 901}).json()["orders"] == [order]


def test_an_order_that_does_not_exist_is_not_found(api: httpx.Client, problem: Any) -> None:
    for method, path in (
        ("GET", "/orders/9223372036854775807"),
        ("GET", "/orders/9223372036854775807/history"),
        ("DELETE", "/orders/9223372036854775807"),
    ):
        body = problem(api.request(method, path, headers=ANY))
        assert body["status"] == 404
        assert "9223372036854775807" in body["detail"]
    assert problem(move(api, {"id": 999_999_999}, "paid"))["status"] == 404


@pytest.mark.parametrize("order_id", ["0", "-1", "abc", "1.0", "1_0", "9223372036854775808", "٣"])
def test_what_is_no_id_is_refused_by_name(api: httpx.Client, problem: Any, order_id: str) -> None:
    for path in (f"/orders/{order_id}", f"/orders/{order_id}/history", f"/items/{order_id}"):
        body = problem(api.get(path))
        assert body["status"] == 422
        assert body["errors"][0]["pointer"] in {"path/order_id", "path/item_id"}


@pytest.mark.parametrize("start", OrderStatus)
@pytest.mark.parametrize("to", OrderStatus)
def test_an_order_moves_only_along_the_declared_transitions(
    api: httpx.Client, problem: Any, start: OrderStatus, to: OrderStatus
) -> None:
    order = post(api, status=start)
    response = move(api, order, to)
    if to == start:
        assert (response.status_code, response.json()) == (200, order)
    elif to in TRANSITIONS[start]:
        assert response.status_code == 200
        assert response.headers["etag"] == '"2"'
        moved = response.json()
        assert moved == order | {
            "status": to,
            "version": 2,
            "updated_at": moved["updated_at"],
        }
    else:
        body = problem(response)
        assert body["type"] == "/problems/illegal-transition"
        assert body["current_status"] == start
        assert body["current_version"] == 1
        assert body["allowed"] == sorted(TRANSITIONS[start])


def test_a_move_is_attributed_to_its_caller_and_trace(api: httpx.Client) -> None:
    order = post(api)
    moved = move(api, order, "paid", traceparent=TRACEPARENT).json()
    assert (moved["changed_by"], moved["trace_id"]) == ("anonymous", TRACE)
    again = move(api, order, "shipped").json()
    assert (again["changed_by"], again["trace_id"]) == ("anonymous", None)


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "garbage",
        f"ff-{TRACE}-b7ad6b7169203331-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-b7ad6b7169203331-01",
        f"00-{TRACE}-b7ad6b7169203331-01-",
    ],
)
def test_an_invalid_traceparent_counts_as_none(api: httpx.Client, traceparent: str) -> None:
    response = api.post("/orders", json=NEW, headers={"traceparent": traceparent})
    assert response.json()["trace_id"] is None


def test_the_history_shows_each_change_with_who_made_it(api: httpx.Client) -> None:
    order = post(api)
    move(api, order, "paid", traceparent=TRACEPARENT)
    headers = ANY | {"traceparent": TRACEPARENT}
    assert api.delete(f"/orders/{order['id']}", headers=headers).status_code == 204
    changes = history(api, order)
    shown = [
        (change["op"], change["version"], change["status"], change["trace_id"])
        for change in changes
    ]
    assert shown == [("I", 1, "pending", None), ("U", 2, "paid", TRACE), ("D", 3, "paid", TRACE)]
    assert {change["changed_by"] for change in changes} == {"anonymous"}
    assert sorted(change["change_id"] for change in changes) == [
        change["change_id"] for change in changes
    ]


def test_a_deleted_order_is_gone_but_for_its_history(api: httpx.Client, problem: Any) -> None:
    order = post(api, customer_id=902)
    response = api.delete(f"/orders/{order['id']}", headers=ANY)
    assert (response.status_code, response.content) == (204, b"")
    assert problem(api.get(f"/orders/{order['id']}"))["status"] == 404
    assert problem(api.delete(f"/orders/{order['id']}", headers=ANY))["status"] == 404
    assert api.get("/orders", params={"customer_id": 902}).json()["orders"] == []
    assert len(history(api, order)) == 2


def test_a_history_is_read_page_by_page(api: httpx.Client, problem: Any) -> None:
    order, other = post(api), post(api)
    path = f"/orders/{order['id']}"
    for status in ("paid", "shipped", "delivered"):
        move(api, order, status)
    first = api.get(f"{path}/history", params={"limit": 3})
    assert [change["version"] for change in first.json()["changes"]] == [1, 2, 3]
    rest = api.get(first.links["next"]["url"]).json()
    assert [change["version"] for change in rest["changes"]] == [4]
    assert rest["next_cursor"] is None
    cursor = first.json()["next_cursor"]
    elsewhere = api.get(f"/orders/{other['id']}/history", params={"cursor": cursor})
    assert problem(elsewhere)["errors"][0]["pointer"] == "query/cursor"


def test_of_two_who_move_an_order_at_once_one_is_told_no(fresh: httpx.Client) -> None:
    order = post(fresh)
    with ThreadPoolExecutor(8) as callers:
        answers = list(
            callers.map(
                lambda status: move(fresh, order, status).status_code,
                ["cancelled", "paid"] * 4,
            )
        )
    changes = history(fresh, order)
    assert [change["version"] for change in changes] == list(range(1, len(changes) + 1))
    assert set(answers) <= {200, 409}
    assert changes[-1]["status"] == "cancelled"


def test_now_is_the_databases(fresh: httpx.Client, engine: Engine, problem: Any) -> None:
    """The laptop's clock may live in another week than this process."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION tally_now() RETURNS timestamptz LANGUAGE sql"
                " VOLATILE PARALLEL SAFE AS $$ SELECT timestamptz '2030-01-01T00:00:00Z' $$"
            )
        )
    assert post(fresh)["created_at"] == "2030-01-01T00:00:00.000000Z"
    assert post(fresh, created_at="2030-01-01T00:00:00Z")["version"] == 1
    late = fresh.post("/orders", json=NEW | {"created_at": "2030-01-01T00:00:00.000001Z"})
    assert problem(late)["errors"] == [
        {"pointer": "/created_at", "detail": "It lies in the future"}
    ]


@pytest.mark.parametrize(("path", "new"), [("/orders", NEW), ("/items", {"name": "a", "price": 1})])
def test_what_is_new_was_updated_when_it_was_created(
    fresh: httpx.Client, engine: Engine, path: str, new: dict[str, Any]
) -> None:
    """However often the clock is asked: here every look at it takes a second."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE looks"))
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION tally_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
                " AS $$ SELECT timestamptz '2030-01-01Z' + interval '1 s' * nextval('looks') $$"
            )
        )
    created = fresh.post(path, json=new).json()
    assert created["updated_at"] == created["created_at"] > "2030"


def test_a_change_by_hand_shows_its_user_in_the_history(
    fresh: httpx.Client, engine: Engine
) -> None:
    order = post(fresh)
    with engine.begin() as connection:
        connection.execute(text("UPDATE orders SET region = 'moved'"))
    change = history(fresh, order)[-1]
    assert change["region"] == "moved"
    assert change["changed_by"] == change["db_user"]


def test_the_request_id_of_the_caller_is_kept_if_it_is_sane(api: httpx.Client) -> None:
    given = uuid.uuid4().hex
    assert api.get("/", headers={"X-Request-Id": given}).headers["x-request-id"] == given
    for bad in ("a" * 129, "with space", "semi;colon"):
        made = api.get("/", headers={"X-Request-Id": bad}).headers["x-request-id"]
        assert made != bad
        assert len(made) == 32
