"""The API works with the rights of its role in the database, and no more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, make_url, text

from orders.engine import database_engine
from orders_api.clients.database import Database
from orders_api.services import idempotency
from orders_api.settings import Settings

JSON_LINES = {"content-type": "application/x-ndjson"}
AS_IT_IS = {"if-match": "*"}


@pytest.fixture
def settings(database_url: str, engine: Engine) -> Iterator[Settings]:
    """The settings of an API that logs in as a member of tally_api."""
    user = f"tally_test_{uuid4().hex}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {user} LOGIN PASSWORD 'test' IN ROLE tally_api"))
    url = make_url(database_url).set(username=user, password="test")
    yield Settings.model_validate({"database_url": url.render_as_string(hide_password=False)})
    with engine.begin() as connection:
        connection.execute(text(f"DROP ROLE {user}"))


@pytest.fixture
def restricted(settings: Settings, serve: Any) -> Iterator[httpx.Client]:
    """An API that logs in as a member of tally_api."""
    with serve(settings) as client:
        yield client


def expire_keys(engine: Engine) -> None:
    with engine.begin() as connection:
        past = "UPDATE idempotency_keys SET expires_at = tally_now() - interval '1 s'"
        connection.execute(text(past))


def codes(*answers: httpx.Response) -> list[int]:
    return [answer.status_code for answer in answers]


def test_everything_the_api_does_its_role_may_do(restricted: httpx.Client) -> None:
    order = {"customer_id": 1, "total_cents": 1}
    item = {"name": "widget", "price": 1}
    csv = {"content-type": "text/csv"}
    answers = [
        restricted.get("/health/ready"),
        restricted.post("/orders", json=order),
        restricted.post("/orders:import", content="customer_id,total_cents\n1,1", headers=csv),
        restricted.patch("/orders/1", json={"status": "paid"}, headers=AS_IT_IS),
        restricted.get("/orders/1"),
        restricted.get("/orders"),
        restricted.delete("/orders/1", headers=AS_IT_IS),
        restricted.get("/orders/1/history"),
        restricted.post("/items", json=item),
        restricted.get("/items"),
        restricted.get("/items/1"),
        restricted.put("/items/1", json=item),
        restricted.patch("/items/1", json={"price": 2}),
        restricted.delete("/items/1"),
    ]
    expected = [200, 201, 201, 200, 200, 200, 204, 200, 201, 200, 200, 200, 200, 204]
    assert codes(*answers) == expected


def test_its_role_may_keep_renew_and_purge_the_keys_of_orders_and_imports(
    restricted: httpx.Client, settings: Settings, engine: Engine
) -> None:
    def post(cents: int = 1) -> httpx.Response:
        order = {"customer_id": 1, "total_cents": cents}
        return restricted.post("/orders", json=order, headers={"idempotency-key": "order"})

    def import_one(cents: int = 1) -> httpx.Response:
        line = f'{{"customer_id": 1, "total_cents": {cents}}}'
        headers = {"idempotency-key": "import", **JSON_LINES}
        return restricted.post("/orders:import", content=line, headers=headers)

    for send in (post, import_one):
        first, again, other = send(), send(), send(2)
        assert codes(first, again, other) == [201, 201, 422]
        assert (first.content, "true") == (again.content, again.headers["idempotency-replayed"])
    expire_keys(engine)
    for send in (post, import_one):
        renewed = send(2)
        assert renewed.status_code == 201
        assert "idempotency-replayed" not in renewed.headers
    expire_keys(engine)
    with database_engine(settings) as own:
        assert idempotency.purge(Database(own)) == 2


def test_its_role_may_write_lines_and_keep_their_items(restricted: httpx.Client) -> None:
    item = restricted.post("/items", json={"name": "widget", "price": 1}).json()["id"]
    lines = [{"item_id": item, "quantity": 2, "unit_price_cents": 5}]
    order = {"customer_id": 1, "total_cents": 10, "lines": lines}
    created = restricted.post("/orders", json=order)
    shown = restricted.get(created.headers["location"])
    refused = restricted.delete(f"/items/{item}")
    assert codes(created, shown, refused) == [201, 200, 409]
    assert shown.json()["lines"] == [{"line_no": 1, **lines[0], "amount_cents": 10}]


def test_its_role_may_move_many_orders_and_one_twice_at_once(restricted: httpx.Client) -> None:
    for _ in range(8):
        restricted.post("/orders", json={"customer_id": 1, "total_cents": 1})

    def move(order_id: int) -> int:
        path = f"/orders/{order_id}"
        moved = restricted.patch(path, json={"status": "paid"}, headers=AS_IT_IS)
        return moved.status_code

    with ThreadPoolExecutor(16) as callers:
        assert set(callers.map(move, [*range(1, 9), *range(1, 9)])) == {200}


def test_its_role_may_list_orders_whatever_they_are_chosen_by(restricted: httpx.Client) -> None:
    for channel in ("web", "shop"):
        order = {"customer_id": 1, "total_cents": 1, "metadata": {"channel": channel}}
        restricted.post("/orders", json=order)
    chosen = [
        {"metadata[channel]": "web"},
        {"status": "pending", "metadata[channel]": "web"},
        {"customer_id": "1", "metadata[channel]": "web", "limit": "1"},
    ]
    for query in chosen:
        answer = restricted.get("/orders", params=query)
        found = [order["metadata"] for order in answer.json()["orders"]]
        assert found == [{"channel": "web"}]
