"""The API works with the rights of its role in the database, and no more."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, make_url, text

from orders_api.settings import Settings


@pytest.fixture
def restricted(database_url: str, engine: Engine, serve: Any) -> Iterator[httpx.Client]:
    """An API that logs in as a member of tally_api."""
    user = f"tally_test_{uuid4().hex}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {user} LOGIN PASSWORD 'test' IN ROLE tally_api"))
    url = make_url(database_url).set(username=user, password="test")
    settings = {"database_url": url.render_as_string(hide_password=False)}
    with serve(Settings.model_validate(settings)) as client:
        yield client
    with engine.begin() as connection:
        connection.execute(text(f"DROP ROLE {user}"))


def test_everything_the_api_does_its_role_may_do(restricted: httpx.Client) -> None:
    order = {"customer_id": 1, "total_cents": 1}
    item = {"name": "widget", "price": 1}
    csv = {"content-type": "text/csv"}
    as_it_is = {"if-match": "*"}
    answers = [
        restricted.get("/health/ready"),
        restricted.post("/orders", json=order),
        restricted.post("/orders:import", content="customer_id,total_cents\n1,1", headers=csv),
        restricted.patch("/orders/1", json={"status": "paid"}, headers=as_it_is),
        restricted.get("/orders/1"),
        restricted.get("/orders"),
        restricted.delete("/orders/1", headers=as_it_is),
        restricted.get("/orders/1/history"),
        restricted.post("/items", json=item),
        restricted.get("/items"),
        restricted.get("/items/1"),
        restricted.put("/items/1", json=item),
        restricted.patch("/items/1", json={"price": 2}),
        restricted.delete("/items/1"),
    ]
    codes = [200, 201, 201, 200, 200, 200, 204, 200, 201, 200, 200, 200, 200, 204]
    assert [answer.status_code for answer in answers] == codes
