"""How an order's money and metadata are shown, exactly."""

import csv
import json
import re
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

ROOT = Path(__file__).parents[3]
JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}

with resources.files("orders").joinpath("currencies.csv").open(encoding="utf-8") as file:
    EXPONENTS = {row["code"]: int(row["exponent"]) for row in csv.DictReader(file)}


def post(api: httpx.Client, **fields: object) -> dict[str, Any]:
    response = api.post("/orders", json={"customer_id": 1, "total_cents": 1} | fields)
    assert response.status_code == 201, response.text
    order: dict[str, Any] = response.json()
    return order


def test_there_is_a_currency_of_every_exponent() -> None:
    assert set(EXPONENTS.values()) == {0, 2, 3, 4}


@pytest.mark.parametrize(
    ("currency", "cents", "exponent", "total"),
    [
        ("USD", 1999, 2, "19.99"),
        ("USD", 0, 2, "0.00"),
        ("USD", 1, 2, "0.01"),
        ("USD", 10**15, 2, "10000000000000.00"),
        ("JPY", 1999, 0, "1999"),
        ("JPY", 0, 0, "0"),
        ("JPY", 10**15, 0, "1000000000000000"),
        ("KWD", 1999, 3, "1.999"),
        ("KWD", 10**15, 3, "1000000000000.000"),
        ("CLF", 1999, 4, "0.1999"),
        ("CLF", 10**15, 4, "100000000000.0000"),
    ],
)
def test_a_total_is_shown_in_major_units_with_the_decimals_of_its_currency(
    api: httpx.Client, currency: str, cents: int, exponent: int, total: str
) -> None:
    order = post(api, currency=currency, total_cents=cents)
    assert (order["exponent"], order["total"]) == (exponent, total)
    assert api.get(f"/orders/{order['id']}").json() == order
    [change] = api.get(f"/orders/{order['id']}/history").json()["changes"]
    assert (change["exponent"], change["total"]) == (exponent, total)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(currency=st.sampled_from(sorted(EXPONENTS)), cents=st.integers(0, 10**15))
def test_every_total_is_exact_in_every_currency(
    api: httpx.Client, currency: str, cents: int
) -> None:
    order = post(api, currency=currency, total_cents=cents)
    exponent = EXPONENTS[currency]
    assert order["exponent"] == exponent
    assert order["total"] == str(
        Decimal(cents).scaleb(-exponent).quantize(Decimal(1).scaleb(-exponent))
    )


def test_an_imported_order_shows_its_total(fresh: httpx.Client) -> None:
    line = json.dumps({"customer_id": 1, "total_cents": 1999, "currency": "KWD"})
    assert fresh.post("/orders:import", content=line, headers=NDJSON).status_code == 201
    [order] = fresh.get("/orders").json()["orders"]
    assert (order["exponent"], order["total"], order["lines"]) == (3, "1.999", [])


def test_a_change_shows_the_total_that_it_left(fresh: httpx.Client, engine: Engine) -> None:
    order = post(fresh, total_cents=100)
    with engine.begin() as connection:
        connection.execute(text("UPDATE orders SET total_cents = 250"))
    changes = fresh.get(f"/orders/{order['id']}/history").json()["changes"]
    assert [change["total"] for change in changes] == ["1.00", "2.50"]


def test_an_answer_is_one_line_of_json(api: httpx.Client) -> None:
    item = api.post("/items", json={"name": "widget", "price": 1}).json()["id"]
    lines = [{"item_id": item, "quantity": 1, "unit_price_cents": 1}] * 2
    metadata = {"feed\n": "\r\n\t\x01\x1e"}
    response = api.post(
        "/orders",
        json={"customer_id": 7101, "total_cents": 2, "lines": lines, "metadata": metadata},
    )
    order = response.json()
    assert order["metadata"] == metadata
    for path in (
        f"/orders/{order['id']}",
        "/orders?customer_id=7101",
        f"/orders/{order['id']}/history",
    ):
        answer = api.get(path).text
        assert answer.isprintable(), path
    assert response.text.isprintable()
    assert '"lines":[{"line_no":1,"item_id":' in response.text


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"k": ""},
        {"k" * 40: "v" * 500},
        {"😀" * 40: "😀" * 500},
        {f"k{n}": "v" for n in range(50)},
        {"[key]": "v", " ": "\n", "a/b~c": "d"},
    ],
    ids=["none", "empty value", "longest", "longest by characters", "most", "odd keys"],
)
def test_metadata_within_its_bounds_is_kept_posted_or_imported(
    fresh: httpx.Client, metadata: dict[str, str]
) -> None:
    assert post(fresh, metadata=metadata)["metadata"] == metadata
    line = json.dumps(
        {"customer_id": 1, "total_cents": 1, "metadata": metadata}, ensure_ascii=False
    )
    imported = fresh.post("/orders:import", content=line.encode(), headers=NDJSON)
    assert imported.json()["imported"] == 1, imported.text
    kept = [order["metadata"] for order in fresh.get("/orders").json()["orders"]]
    assert kept == [metadata] * 2


@pytest.mark.parametrize(
    ("metadata", "pointer", "why"),
    [
        ('{"":"v"}', "/metadata/", "at least 1 character"),
        (f'{{"{"k" * 41}":"v"}}', f"/metadata/{'k' * 41}", "at most 40 characters"),
        (f'{{"{"ü" * 41}":"v"}}', f"/metadata/{'ü' * 41}", "at most 40 characters"),
        (f'{{"k":"{"v" * 501}"}}', "/metadata/k", "at most 500 characters"),
        (f'{{"k":"{"ü" * 501}"}}', "/metadata/k", "at most 500 characters"),
        ('{"k":null}', "/metadata/k", "valid string"),
        ('{"[key]":1}', "/metadata/[key]", "valid string"),
        ('{"a/b~c":1}', "/metadata/a~1b~0c", "valid string"),
        (r'{"k":"a\u0000"}', "/metadata/k", "The NUL character cannot be stored"),
        (r'{"a\u0000":"v"}', "/metadata/a\0", "The NUL character cannot be stored"),
        (r'{"k":"\ud800"}', "/metadata/k", "Half of a surrogate pair is no character"),
        (r'{"\udc00":"v"}', "/metadata/���", "Half of a surrogate pair is no character"),
        ("{" + ",".join(f'"k{n}":"v"' for n in range(51)) + "}", "/metadata", "at most 50 items"),
    ],
)
def test_metadata_beyond_its_bounds_is_refused_by_key_posted_or_imported(
    api: httpx.Client, problem: Any, metadata: str, pointer: str, why: str
) -> None:
    content = f'{{"customer_id":1,"total_cents":1,"metadata":{metadata}}}'.encode()
    [posted] = problem(api.post("/orders", content=content, headers=JSON))["errors"]
    [imported] = problem(api.post("/orders:import", content=content, headers=NDJSON))["errors"]
    assert posted["pointer"] == pointer
    assert imported["field"] == pointer[1:]
    assert why in posted["detail"]
    assert imported["detail"] == posted["detail"]


def test_metadata_in_a_cell_of_csv_has_the_same_bounds(api: httpx.Client, problem: Any) -> None:
    content = 'customer_id,total_cents,metadata\n1,1,"{"""":""v""}"\n1,1,"{""k"":""\\u0000""}"\n'
    headers = {"content-type": "text/csv"}
    errors = problem(api.post("/orders:import", content=content, headers=headers))["errors"]
    assert [(error["line"], error["field"]) for error in errors] == [
        (2, "metadata/"),
        (3, "metadata/k"),
    ]


def test_the_page_in_docs_shows_what_is_answered(api: httpx.Client) -> None:
    page = (ROOT / "docs" / "representation.md").read_text(encoding="utf-8")
    sent, answered = map(json.loads, re.findall(r"```json\n(.*?)```", page, re.DOTALL))
    item = api.post("/items", json={"name": "widget", "price": 1}).json()["id"]
    for line in (*sent["lines"], *answered["lines"]):
        line["item_id"] = item
    order = post(api, **sent)
    told_apart = {name: order[name] for name in ("id", "created_at", "updated_at")}
    assert list(order) == list(answered)
    assert order == answered | told_apart
