"""Pages, walked to the end: all orders, each once, whatever is asked for and happens meanwhile."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from orders.engine import database_engine
from orders.status import OrderStatus
from orders_api.clients.database import Database
from orders_api.schemas.order_query import OrderQuery
from orders_api.services.order_lists import MOST_READ, list_orders
from orders_api.settings import Settings
from tally_testing.scratch import scratch_database

# Forty orders at eight moments, with all that the filters below ask for, together and apart.
FILL = """
INSERT INTO orders (customer_id, total_cents, region, status, metadata, created_at)
SELECT mod(n, 3) + 1, n, (ARRAY['us', 'eu'])[mod(n * 7, 2) + 1],
    (ARRAY['pending', 'paid', 'refunded'])[mod(n * n, 3) + 1],
    CASE WHEN mod(n, 4) = 0 THEN '{}' ELSE jsonb_build_object(
        'a', CAST(mod(n, 2) AS text), 'b[]"\\ é', CAST(mod(n, 5) AS text)) END,
    CAST('2026-01-01T00:00:00Z' AS timestamptz) + mod(n * 11, 8) * interval '1 hour'
FROM generate_series(1, 40) AS n"""
FULL_SCAN = """
SELECT id FROM orders WHERE (:status = '[]' OR CAST(:status AS jsonb) ? status)
    AND region = coalesce(:region, region)
    AND customer_id = coalesce(CAST(:customer_id AS bigint), customer_id)
    AND created_at >= CAST(coalesce(:created_from, '-infinity') AS timestamptz)
    AND created_at < CAST(coalesce(:created_to, 'infinity') AS timestamptz)
    AND NOT EXISTS (SELECT FROM jsonb_each_text(CAST(:metadata AS jsonb)) AS wanted
        WHERE metadata ->> wanted.key IS DISTINCT FROM wanted.value)
ORDER BY created_at, id"""
QUERIES = st.fixed_dictionaries(
    {"sort": st.sampled_from(["-created_at", "created_at"]), "limit": st.integers(1, 45).map(str)},
    optional={
        "status": st.lists(st.sampled_from(list(OrderStatus)), unique=True),
        "region": st.sampled_from(["us", "eu", "nowhere"]),
        "customer_id": st.sampled_from(["1", "2", "9"]),
        "created_from": st.integers(0, 3).map(lambda hour: f"2026-01-01T0{hour}:00:00Z"),
        "created_to": st.integers(4, 8).map(lambda hour: f"2026-01-01T0{hour}:00:00Z"),
        "metadata[a]": st.sampled_from(["0", "1", "2"]),
        'metadata[b[]"\\ é]': st.sampled_from(["0", "1", "7"]),
    },
)
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def forty() -> Iterator[Engine]:
    with (
        scratch_database() as url,
        database_engine(Settings.model_validate({"database_url": url})) as engine,
    ):
        with engine.begin() as connection:
            connection.execute(text(FILL))
        yield engine


def full_scan(engine: Engine, asked: dict[str, Any]) -> list[int]:
    """Return the ids that a query asks for, found without any index or page."""
    names = ("region", "customer_id", "created_from", "created_to")
    values = {name: asked.get(name) for name in names}
    pairs = {name[9:-1]: value for name, value in asked.items() if name.startswith("metadata[")}
    values |= {"status": json.dumps(asked.get("status", [])), "metadata": json.dumps(pairs)}
    with engine.connect() as connection:
        ids = list(connection.scalars(text(FULL_SCAN), values))
    return ids if asked["sort"] == "created_at" else ids[::-1]


@MANY
@given(asked=QUERIES, most_read=st.sampled_from([1, 2, 7, 39, 40, 41, MOST_READ]))
def test_pages_walked_to_the_end_are_a_full_scan(
    forty: Engine, asked: dict[str, Any], most_read: int
) -> None:
    walked: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(50):
        query = OrderQuery.model_validate({**asked, **cursor})
        page = list_orders(Database(forty), query, most_read=most_read)
        found = [order["id"] for order in json.loads(page.rows)]
        assert len(found) <= query.limit
        walked += found
        if page.next_cursor is None:
            break
        cursor = {"cursor": page.next_cursor}
    assert page.next_cursor is None
    assert walked == full_scan(forty, asked)


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
@pytest.mark.parametrize("filters", [{}, {"status": "pending"}, {"metadata[k]": "v"}], ids=str)
def test_what_happens_meanwhile_neither_repeats_nor_skips_an_order(
    fresh: httpx.Client, sort: str, filters: dict[str, str]
) -> None:
    ids = [add(fresh, hour) for hour in (0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 5)]
    touched = [ids[place] for place in (1, 4, 7, 10)]
    changes = iter(touched)
    seen: list[int] = []
    url = str(httpx.URL("/orders", params={**filters, "sort": sort, "limit": 2}))
    while url:
        answer = fresh.get(url)
        seen += [order["id"] for order in answer.json()["orders"]]
        url = answer.links.get("next", {}).get("url", "")
        if order_id := next(changes, None):
            change(fresh, order_id, delete=order_id in touched[::2])
            for hour in (0, 3, 5):
                add(fresh, hour)
        assert len(seen) < 100, "no end"
    assert len(seen) == len(set(seen))
    still = [order_id for order_id in ids if order_id not in touched]
    in_order = still if sort == "created_at" else still[::-1]
    assert [order_id for order_id in seen if order_id in still] == in_order


def add(api: httpx.Client, hour: int) -> int:
    order = {"customer_id": 1, "total_cents": 1, "metadata": {"k": "v"}}
    answer = api.post("/orders", json={**order, "created_at": f"2026-01-01T0{hour}:00:00Z"})
    assert answer.status_code == 201
    return int(answer.json()["id"])


def change(api: httpx.Client, order_id: int, *, delete: bool) -> None:
    path, as_it_is = f"/orders/{order_id}", {"if-match": "*"}
    if delete:
        assert api.delete(path, headers=as_it_is).status_code == 204
    else:
        answer = api.patch(path, json={"status": "paid"}, headers=as_it_is)
        assert answer.status_code == 200


def test_a_page_that_read_its_most_ends_early_and_the_walk_goes_on(
    fresh: httpx.Client, engine: Engine
) -> None:
    """Customer 1 has three paid orders, behind more than is read of his others and of others'."""
    fill = f"""
        INSERT INTO orders (customer_id, total_cents, status, created_at)
        SELECT CASE WHEN n <= 3 OR mod(n, 2) = 0 THEN 1 ELSE 2 END, n,
            CASE WHEN n <= 3 OR mod(n, 2) = 1 THEN 'paid' ELSE 'pending' END,
            CAST('2026-01-01T00:00:00Z' AS timestamptz) + n * interval '1 second'
        FROM generate_series(1, {2 * MOST_READ + 100}) AS n"""
    with engine.begin() as connection:
        connection.execute(text(fill))
    first = fresh.get("/orders", params={"customer_id": 1, "status": "paid"})
    assert first.json()["orders"] == []
    assert first.json()["next_cursor"] is not None
    second = fresh.get(first.links["next"]["url"])
    assert [order["total_cents"] for order in second.json()["orders"]] == [3, 2, 1]
    assert second.json()["next_cursor"] is None
