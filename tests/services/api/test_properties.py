"""What holds for every order and every file."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.status import OrderStatus
from orders_api.schemas.order import ImportedOrder

# No control characters that Postgres refuses, no halves of surrogate pairs.
CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
YEAR_1990 = datetime(1990, 1, 1, tzinfo=UTC)
TIMES = st.timedeltas(timedelta(0), timedelta(days=36 * 365)).map(
    lambda later: f"{YEAR_1990 + later:%Y-%m-%dT%H:%M:%S.%fZ}"
)
ORDERS = st.fixed_dictionaries(
    {
        "customer_id": st.integers(1, 2**63 - 1),
        "total_cents": st.integers(0, 10**15),
    },
    optional={
        "region": st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"),
        "status": st.sampled_from([status.value for status in OrderStatus]),
        "currency": st.sampled_from(["USD", "EUR", "JPY", "KWD", "CLF"]),
        "metadata": st.dictionaries(
            st.text(CHARACTERS, min_size=1, max_size=40),
            st.text(CHARACTERS, max_size=40),
            max_size=5,
        ),
        "created_at": TIMES,
    },
)
BAD_LINES = st.sampled_from(
    [
        "{",
        "[]",
        "7",
        '{"customer_id": 0, "total_cents": 1}',
        '{"customer_id": 1}',
        '{"customer_id": 1, "total_cents": 1.5}',
        '{"customer_id": 1, "total_cents": 1, "customer_id": 1}',
        '{"customer_id": 1, "total_cents": 1, "x": 1}',
        '{"customer_id": 1, "total_cents": 1, "region": "\\u0000"}',
    ]
)
GOOD_OR_BAD = st.tuples(st.just(True), ORDERS) | st.tuples(st.just(False), BAD_LINES)
DEFAULTS = {"region": "unknown", "status": "pending", "currency": "USD", "metadata": {}}
MANY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def essence(order: dict[str, Any]) -> dict[str, Any]:
    return {name: order.get(name, DEFAULTS.get(name)) for name in ImportedOrder.model_fields}


def newest(api: httpx.Client) -> int:
    """The id after which the orders of this example come."""
    response = api.post("/orders", json={"customer_id": 1, "total_cents": 0})
    return int(response.json()["id"])


def since(api: httpx.Client, order_id: int) -> list[dict[str, Any]]:
    """The orders with higher ids, by id."""
    last = newest(api)
    found = [api.get(f"/orders/{number}") for number in range(order_id + 1, last)]
    return [response.json() for response in found if response.status_code == 200]


def same(order: dict[str, Any], sent: dict[str, Any]) -> bool:
    expected = essence(sent)
    if expected["created_at"] is None:
        expected["created_at"] = order["created_at"]
    return essence(order) == expected


@MANY
@given(sent=ORDERS)
def test_an_order_comes_back_as_sent_with_one_change(
    api: httpx.Client, sent: dict[str, Any]
) -> None:
    response = api.post("/orders", json=sent)
    assert response.status_code == 201, response.text
    order = response.json()
    assert same(order, sent)
    changes = api.get(f"/orders/{order['id']}/history").json()["changes"]
    assert [(change["op"], change["version"]) for change in changes] == [("I", 1)]
    assert {name: changes[0][name] for name in ImportedOrder.model_fields} == essence(order)


@MANY
@given(lines=st.lists(GOOD_OR_BAD, min_size=1, max_size=12))
def test_an_import_keeps_the_good_lines_or_by_default_none(
    api: httpx.Client, lines: list[tuple[bool, Any]]
) -> None:
    rows = [content for good, content in lines if good]
    bad = [number for number, (good, _) in enumerate(lines, 1) if not good]
    content = "\n".join(json.dumps(line) if good else line for good, line in lines).encode()
    headers = {"content-type": "application/x-ndjson"}
    before = newest(api)
    if bad:
        refused = api.post("/orders:import", content=content, headers=headers)
        assert refused.status_code == 422
        assert sorted({error["line"] for error in refused.json()["errors"]}) == bad
        assert since(api, before) == []
        before = newest(api)
    kept = api.post("/orders:import?on_error=skip", content=content, headers=headers).json()
    assert (kept["imported"], kept["skipped"]) == (len(rows), len(bad))
    stored = since(api, before)
    assert len(stored) == len(rows)
    assert all(same(order, row) for order, row in zip(stored, rows, strict=True))


@MANY
@given(rows=st.lists(ORDERS, min_size=1, max_size=8), feed=st.sampled_from(["\n", "\r\n"]))
def test_csv_as_python_writes_it_is_read_back(
    api: httpx.Client, rows: list[dict[str, Any]], feed: str
) -> None:
    before = newest(api)
    file = io.StringIO()
    writer = csv.DictWriter(file, list(ImportedOrder.model_fields), lineterminator=feed)
    writer.writeheader()
    for row in rows:
        metadata = {"metadata": json.dumps(row["metadata"])} if "metadata" in row else {}
        writer.writerow(row | metadata)
    headers = {"content-type": "text/csv"}
    response = api.post("/orders:import", content=file.getvalue().encode(), headers=headers)
    assert response.json()["imported"] == len(rows)
    stored = since(api, before)
    assert len(stored) == len(rows)
    assert all(same(order, row) for order, row in zip(stored, rows, strict=True))
