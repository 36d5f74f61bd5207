"""What a caller may rely on who repeats a request with its Idempotency-Key."""

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Connection, Engine, text

from orders_api.clients.database import Database
from orders_api.schemas.caller import Caller
from orders_api.schemas.order import NewOrder
from orders_api.services import idempotency
from orders_api.services.idempotency import IdempotencyKey
from orders_api.services.order_creation import NewOrderRequest

NEW = {"customer_id": 42, "total_cents": 1999, "region": "us-west"}
ROWS = '{"customer_id": 42, "total_cents": 1}\n{"customer_id": 43, "total_cents": 2}\n'


def post(api: httpx.Client, key: str | None, **fields: object) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post("/orders", json=NEW | fields, headers=headers)


def import_rows(api: httpx.Client, key: str, rows: str = ROWS, **query: str) -> httpx.Response:
    headers = {"Idempotency-Key": key, "Content-Type": "application/x-ndjson"}
    return api.post("/orders:import", content=rows, headers=headers, params=query)


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def live(engine: Engine, moment: str) -> None:
    """Let the database's clock stand at a moment."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION tally_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
                f" AS $$ SELECT timestamptz '{moment}' $$"
            )
        )


@contextmanager
def key_in_use(engine: Engine, key: str) -> Iterator[Connection]:
    """Hold the key as another instance does whose transaction is not committed yet."""
    held = IdempotencyKey("anonymous", key, "")
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": held.lock})
        yield connection


def test_a_repeated_request_is_answered_as_the_first_was(
    fresh: httpx.Client, engine: Engine
) -> None:
    first, again = post(fresh, "k-1"), post(fresh, "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("location", "etag", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (count(engine, "orders"), count(engine, "order_changes")) == (1, 1)


def test_the_answer_is_the_first_even_when_the_order_has_changed_or_is_gone(
    fresh: httpx.Client,
) -> None:
    first = post(fresh, "k-1")
    path, anyway = first.headers["location"], {"If-Match": "*"}
    assert fresh.patch(path, json={"status": "paid"}, headers=anyway).status_code == 200
    assert post(fresh, "k-1").content == first.content
    assert fresh.delete(path, headers=anyway).status_code == 204
    assert post(fresh, "k-1").content == first.content


@pytest.mark.parametrize(
    "same",
    [
        pytest.param('{"region":"us-west","total_cents":1999,"customer_id":42}', id="order"),
        pytest.param('{ "customerId": 42, "totalCents": 1999, "region": "us-west" }', id="case"),
        pytest.param(
            '{"customer_id":42,"total_cents":1999,"region":"us-west","status":"pending",'
            '"currency":"USD","metadata":{},"lines":[],"created_at":null}',
            id="defaults",
        ),
    ],
)
def test_the_same_order_written_otherwise_is_the_same_request(api: httpx.Client, same: str) -> None:
    key = uuid4().hex
    first = post(api, key)
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    again = api.post("/orders", content=same, headers=headers)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "other",
    [
        {"total_cents": 2000},
        {"metadata": {"a": "b"}},
        {"currency": "EUR"},
        {"created_at": "2020-01-01T00:00:00Z"},
    ],
)
def test_a_key_is_good_for_one_body_only(
    fresh: httpx.Client, engine: Engine, problem: Any, other: dict[str, object]
) -> None:
    post(fresh, "k-1")
    body = problem(post(fresh, "k-1", **other))
    assert body["type"] == "/problems/idempotency-mismatch"
    assert count(engine, "orders") == 1


def test_a_key_is_good_for_one_operation_only(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    post(fresh, "order")
    import_rows(fresh, "import")
    assert problem(import_rows(fresh, "order"))["type"] == "/problems/idempotency-mismatch"
    assert problem(post(fresh, "import"))["type"] == "/problems/idempotency-mismatch"
    assert count(engine, "orders") == 3


def test_requests_without_a_key_are_each_an_order(fresh: httpx.Client, engine: Engine) -> None:
    assert post(fresh, None).json()["id"] != post(fresh, None).json()["id"]
    assert count(engine, "idempotency_keys") == 0


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        ({"total_cents": -1}, "/total_cents"),
        ({"currency": "XXY"}, "/currency"),
        ({"created_at": "2999-01-01T00:00:00Z"}, "/created_at"),
        (
            {"lines": [{"item_id": 9, "quantity": 1, "unit_price_cents": 1999}]},
            "/lines/0/item_id",
        ),
    ],
)
def test_what_was_refused_keeps_nothing_and_its_repetition_runs_anew(
    fresh: httpx.Client, engine: Engine, problem: Any, bad: dict[str, object], pointer: str
) -> None:
    assert problem(post(fresh, "k-1", **bad))["errors"][0]["pointer"] == pointer
    assert count(engine, "idempotency_keys") == 0
    assert post(fresh, "k-1").status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\there", "ü"])
def test_what_is_no_key_is_refused(api: httpx.Client, problem: Any, key: str) -> None:
    order = b'{"customer_id": 1, "total_cents": 1}'
    for path, kind in (("/orders", "json"), ("/orders:import", "x-ndjson")):
        content_type = f"application/{kind}".encode()
        headers = {b"Idempotency-Key": key.encode("latin-1"), b"Content-Type": content_type}
        body = problem(api.post(path, content=order, headers=headers))
        detail = "Use 1 to 255 printable ASCII characters"
        assert body["errors"] == [{"pointer": "header/Idempotency-Key", "detail": detail}]


def test_two_keys_in_one_request_are_refused(api: httpx.Client, problem: Any) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    body = problem(api.post("/orders", json=NEW, headers=headers))
    assert body["errors"] == [
        {"pointer": "header/Idempotency-Key", "detail": "May stand only once"}
    ]


def test_the_longest_key_is_kept(api: httpx.Client) -> None:
    key = uuid4().hex + " " * 222 + "~"
    assert post(api, key).content == post(api, key).content


def test_while_the_first_runs_elsewhere_its_repetition_is_told_to_come_back(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    with key_in_use(engine, "k-1"):
        for response in (post(fresh, "k-1"), import_rows(fresh, "k-1")):
            assert problem(response)["type"] == "/problems/idempotency-in-progress"
            assert response.headers["retry-after"] == "1"
        assert post(fresh, "another").status_code == 201
    assert post(fresh, "k-1").status_code == 201
    assert count(engine, "orders") == 2


def test_of_equal_requests_at_once_one_is_carried_out(fresh: httpx.Client, engine: Engine) -> None:
    """They leave their threads together; each is answered 201 with one order, or 409."""
    barrier = threading.Barrier(16)

    def send(_: int) -> httpx.Response:
        barrier.wait()
        return post(fresh, "k-1")

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(send, range(16)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert count(engine, "orders") == 1


def test_an_import_repeated_after_a_lost_answer_adds_nothing(
    fresh: httpx.Client, engine: Engine
) -> None:
    first, again = import_rows(fresh, "k-1"), import_rows(fresh, "k-1")
    assert (first.status_code, first.json()["imported"]) == (201, 2)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert count(engine, "orders") == 2


@pytest.mark.parametrize(
    ("rows", "query"),
    [(ROWS + ROWS, {}), (ROWS, {"on_error": "skip"})],
)
def test_a_key_is_good_for_one_import_only(
    fresh: httpx.Client, engine: Engine, problem: Any, rows: str, query: dict[str, str]
) -> None:
    import_rows(fresh, "k-1")
    response = import_rows(fresh, "k-1", rows, **query)
    assert problem(response)["type"] == "/problems/idempotency-mismatch"
    assert count(engine, "orders") == 2


def test_an_import_that_was_refused_keeps_nothing(fresh: httpx.Client, problem: Any) -> None:
    bad = ROWS + '{"customer_id": 0, "total_cents": 1}\n'
    assert problem(import_rows(fresh, "k-1", bad))["type"] == "/problems/import-refused"
    assert import_rows(fresh, "k-1").status_code == 201


def test_an_import_is_known_by_its_content_however_it_is_compressed(
    fresh: httpx.Client, engine: Engine
) -> None:

    headers = {"Idempotency-Key": "k-1", "Content-Type": "application/x-ndjson"}
    import_rows(fresh, "k-1")
    for level in (1, 9):
        content = gzip.compress(ROWS.encode(), level)
        again = fresh.post(
            "/orders:import", content=content, headers=headers | {"Content-Encoding": "gzip"}
        )
        assert again.headers["idempotency-replayed"] == "true"
    assert count(engine, "orders") == 2


def test_an_answer_is_kept_for_72_hours_and_then_the_key_is_free(
    fresh: httpx.Client, engine: Engine
) -> None:
    live(engine, "2030-01-01T00:00:00Z")
    first, imported = post(fresh, "k-1"), import_rows(fresh, "k-2")
    live(engine, "2030-01-03T23:59:59.999999Z")
    assert post(fresh, "k-1").content == first.content
    assert import_rows(fresh, "k-2").content == imported.content
    live(engine, "2030-01-04T00:00:00Z")
    renewed = post(fresh, "k-1", total_cents=1)
    assert renewed.json()["total_cents"] == 1
    assert "idempotency-replayed" not in import_rows(fresh, "k-2").headers
    live(engine, "2030-01-06T00:00:00Z")
    assert post(fresh, "k-1", total_cents=1).content == renewed.content
    assert count(engine, "orders") == 6


def test_expired_answers_are_purged_and_others_stay(fresh: httpx.Client, engine: Engine) -> None:
    live(engine, "2030-01-01T00:00:00Z")
    post(fresh, "old")
    live(engine, "2030-01-02T00:00:00Z")
    young = post(fresh, "young")
    live(engine, "2030-01-04T00:00:00Z")
    assert idempotency.purge(Database(engine)) == 1
    assert idempotency.purge(Database(engine)) == 0
    assert count(engine, "idempotency_keys") == 1
    assert post(fresh, "young").content == young.content


def test_a_purge_goes_on_until_nothing_is_left(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO idempotency_keys (caller, key, fingerprint, answer, expires_at)"
                " SELECT 'a', n::text, '', '', tally_now() FROM generate_series(1, 2500) AS n"
            )
        )
    assert idempotency.purge(Database(engine)) == 2500


def test_a_release_that_takes_one_more_field_knows_the_requests_of_the_one_before() -> None:
    class NextOrder(NewOrder):
        note: str | None = None

    def key(order: NewOrder) -> IdempotencyKey | None:
        return NewOrderRequest.of(order, Caller("alice", None), "k").key

    lines = [{"item_id": 1, "quantity": 1, "unit_price_cents": 1999}]
    for sent in (NEW, NEW | {"metadata": {"b": "1", "a": "2"}, "lines": lines}):
        assert key(NextOrder.model_validate(sent)) == key(NewOrder.model_validate(sent))
    noted = NextOrder.model_validate(NEW | {"note": "quick"})
    assert key(noted) != key(NewOrder.model_validate(NEW))
