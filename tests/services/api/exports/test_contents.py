"""What an export holds is what the list shows, in every format, for every filter."""

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow.parquet as pq
import pytest

FILTERS: list[dict[str, Any]] = [
    {},
    {"status": "paid"},
    {"status": ["paid", "shipped"]},
    {"region": "eu-west"},
    {"customer_id": 2},
    {"created_from": "2026-01-03T00:00:00Z"},
    {"created_to": "2026-01-03T00:00:00+02:00"},
    {"created_from": "2026-01-02T00:00:00.000008Z", "created_to": "2026-01-02T00:00:00.00001Z"},
    {"metadata[channel]": "web"},
    {"metadata[\";\\'%s:x$1\n=é🎈]": "'2\\"},
    {"metadata[channel]": "web", "status": "paid", "region": "us-west", "customer_id": 3},
    {"metadata[channel]": "' OR true --"},
    {"metadata[channel]": "\\' OR true --"},
    {"region": "nowhere"},
]
NUMBERS = ("id", "customer_id", "total_cents", "exponent", "version")
Listed = Callable[..., dict[int, Any]]


def export(api: httpx.Client, form: str, query: dict[str, Any]) -> httpx.Response:
    answer = api.get("/orders:export", params={"format": form, **query})
    assert answer.status_code == 200, answer.text
    return answer


def flat(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name != "lines"}


@pytest.mark.parametrize("query", FILTERS)
def test_ndjson_has_each_order_as_the_list_shows_it(
    shop: httpx.Client, listed: Listed, query: dict[str, Any]
) -> None:
    lines = export(shop, "ndjson", query).text.split("\n")
    assert lines.pop() == ""
    orders = [json.loads(line) for line in lines]
    assert len(orders) == len({order["id"] for order in orders})
    assert {order["id"]: order for order in orders} == listed(**query)


@pytest.mark.parametrize("query", FILTERS)
def test_csv_has_each_order_as_the_list_shows_it_but_for_lines(
    shop: httpx.Client, listed: Listed, query: dict[str, Any]
) -> None:
    rows = csv.DictReader(io.StringIO(export(shop, "csv", query).text, newline=""), strict=True)
    orders = {}
    for row in rows:
        numbers = {name: int(row[name]) for name in NUMBERS}
        more = {"metadata": json.loads(row["metadata"]), "trace_id": row["trace_id"] or None}
        orders[int(row["id"])] = row | numbers | more
    assert orders == {key: flat(order) for key, order in listed(**query).items()}


@pytest.mark.parametrize("query", FILTERS)
def test_parquet_has_each_order_in_types_of_its_own(
    shop: httpx.Client, listed: Listed, tmp_path: Path, query: dict[str, Any]
) -> None:
    path = tmp_path / "orders.parquet"
    path.write_bytes(export(shop, "parquet", query).content)
    expected = {}
    for order in listed(**query).values():
        times = {name: datetime.fromisoformat(order[name]) for name in ("created_at", "updated_at")}
        total = {"total": Decimal(order["total"]), "metadata": order["metadata"]}
        expected[order["id"]] = flat(order) | times | total
    rows = pq.read_table(path).to_pylist()
    found = {row["id"]: row | {"metadata": json.loads(row["metadata"])} for row in rows}
    assert found == expected


def test_duckdb_reads_all_three_alike(shop: httpx.Client, tmp_path: Path) -> None:
    found = []
    for form, reader in (("ndjson", "json"), ("csv", "csv"), ("parquet", "parquet")):
        path = tmp_path / f"orders.{form}"
        path.write_bytes(export(shop, form, {}).content)
        query = f"""
            SELECT count(*), sum(total_cents), sum(total::decimal(20, 4)), max(created_at)::text
            FROM read_{reader}('{path}')"""
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        found.append(connection.execute(query).fetchone())
    assert found[0] is not None
    assert found[0][0] >= 48
    assert [row[:3] for row in found if row] == [found[0][:3]] * 3


def test_the_columns_of_parquet_have_exact_types(shop: httpx.Client) -> None:
    table = pq.read_table(io.BytesIO(export(shop, "parquet", {"customer_id": 1}).content))
    types = {field.name: str(field.type) for field in table.schema}
    assert list(types)[:6] == [
        "id", "customer_id", "total_cents", "currency", "exponent", "total"
    ]  # fmt: skip
    assert types["total_cents"] == "int64"
    assert types["total"] == "decimal128(20, 4)"
    assert types["created_at"] == "timestamp[us, tz=UTC]"


def test_the_largest_amount_of_every_currency_fits(fresh: httpx.Client) -> None:
    for currency in ("JPY", "USD", "KWD", "CLF"):
        order = {"customer_id": 2**63 - 1, "total_cents": 10**15, "currency": currency}
        fresh.post("/orders", json=order).raise_for_status()
    table = pq.read_table(io.BytesIO(export(fresh, "parquet", {}).content))
    assert set(table["total"].to_pylist()) == {Decimal(10**15).scaleb(-e) for e in (0, 2, 3, 4)}


def test_null_and_empty_text_are_told_apart(fresh: httpx.Client, engine: Any) -> None:
    with engine.begin() as connection:
        for trace_id in ("NULL", "''"):
            connection.exec_driver_sql(
                f"INSERT INTO orders (customer_id, total_cents, trace_id) VALUES (1, 1, {trace_id})"
            )
    table = pq.read_table(io.BytesIO(export(fresh, "parquet", {}).content))
    assert sorted(table["trace_id"].to_pylist(), key=str) == ["", None]
