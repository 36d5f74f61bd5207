"""Orders of every kind, and how a test fills a table."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

STATUSES = ("pending", "paid", "shipped", "delivered")
FILL = """
    INSERT INTO orders (customer_id, total_cents, region, metadata)
    SELECT n, n, 'us', jsonb_build_object(
        'noise', encode(sha512((n || 'a')::bytea) || sha512((n || 'b')::bytea)
            || sha512((n || 'c')::bytea) || sha512((n || 'd')::bytea), 'hex'))
    FROM generate_series(1, :count) AS n"""
COPIES = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'COPY (SELECT%' AND state = 'active'"""


@pytest.fixture(scope="module")
def shop(api: httpx.Client) -> httpx.Client:
    """An API with orders that differ in all that can be asked for, some with lines."""
    item = api.post("/items", json={"name": "widget", "price": 1}).json()["id"]
    line = {"item_id": item, "quantity": 3, "unit_price_cents": 5}
    for n in range(48):
        lines = [line, line] if n % 5 == 0 else []
        order = {
            "customer_id": n % 3 + 1,
            "total_cents": 30 if lines else n * 7,
            "lines": lines,
            "currency": ("USD", "JPY", "KWD", "CLF")[n % 4],
            "region": ("us-west", "eu-west")[n % 2],
            "status": STATUSES[n // 2 % 4],
            "metadata": {"channel": "web", "\";\\'%s:x$1\n=é🎈": f"'{n % 6}\\"} if n % 3 else {},
            "created_at": f"2026-01-{n // 6 + 1:02}T00:00:00.{n:06}Z",
        }
        headers = {"traceparent": f"00-{n + 1:032x}-{1:016x}-01"} if n % 7 == 0 else {}
        api.post("/orders", json=order, headers=headers).raise_for_status()
    return api


@pytest.fixture
def fill(engine: Engine) -> Callable[[int], None]:
    """How a test makes many orders of its own database."""

    def insert(count: int) -> None:
        with engine.begin() as connection:
            connection.execute(text(FILL), {"count": count})

    return insert


@pytest.fixture
def copies(engine: Engine) -> Callable[[], int]:
    """How many exports Postgres works on."""

    def count() -> int:
        with engine.connect() as connection:
            return int(connection.execute(text(COPIES)).scalar_one())

    return count


@pytest.fixture
def listed(shop: httpx.Client) -> Callable[..., dict[int, Any]]:
    """What the list says: orders by id."""

    def walk(**query: Any) -> dict[int, Any]:
        return {order["id"]: order for order in _walk(shop, query)}

    return walk


def _walk(api: httpx.Client, query: dict[str, Any]) -> Iterator[Any]:
    url: str | None = str(httpx.URL("/orders", params=query | {"limit": 500}))
    while url is not None:
        answer = api.get(url)
        yield from json.loads(answer.text)["orders"]
        url = answer.links.get("next", {}).get("url")
