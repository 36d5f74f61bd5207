"""The order of what surrounds a request, by what an answer shows of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders_api.settings import Settings

SHOP = "https://shop.example.com"
PROTECTION = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


@pytest.fixture
def surrounded(database_url: str, serve: Any) -> Iterator[httpx.Client]:
    """An API that knows its name and a shop."""
    settings = {
        "database_url": database_url,
        "allowed_hosts": "127.0.0.1,*.example.com",
        "cors_origins": SHOP,
        "request_timeout_s": 0.5,
    }
    with serve(Settings.model_validate(settings)) as client:
        yield client


def assert_protected(answer: httpx.Response) -> None:
    assert {name: answer.headers.get(name) for name in PROTECTION} == PROTECTION
    assert len(answer.headers.get_list("x-request-id")) == 1


def test_an_unknown_host_gets_a_problem_with_all_headers(
    surrounded: httpx.Client, problem: Any
) -> None:
    for host in ("evil.test", "example.com", "evil.test:80", "127.0.0.1.evil.test"):
        answer = surrounded.get("/orders", headers={"host": host, "origin": SHOP})
        assert problem(answer)["type"] == "/problems/unknown-host"
        assert_protected(answer)
        assert "access-control-allow-origin" not in answer.headers


def test_a_known_host_may_have_a_port_and_any_case(surrounded: httpx.Client) -> None:
    for host in ("a.example.com", "A.B.Example.Com:8080", "127.0.0.1:1"):
        assert surrounded.get("/", headers={"host": host}).status_code == 200


def test_probes_come_by_any_name(surrounded: httpx.Client) -> None:
    assert surrounded.get("/health/ready", headers={"host": "10.0.0.7"}).status_code == 200
    assert surrounded.get("/v1/health/ready", headers={"host": "10.0.0.7"}).status_code == 400


def test_a_preflight_needs_no_credentials(surrounded: httpx.Client) -> None:
    asked = {
        "origin": SHOP,
        "host": "api.example.com",
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "authorization, if-match, idempotency-key, x-api-key",
    }
    answer = surrounded.options("/orders/1", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert_protected(answer)
    other = surrounded.options("/orders/1", headers=asked | {"origin": "https://evil.test"})
    assert "access-control-allow-origin" not in other.headers


def test_a_page_may_read_also_what_went_wrong(surrounded: httpx.Client, problem: Any) -> None:
    answer = surrounded.get("/orders/999999999999", headers={"origin": SHOP})
    assert problem(answer)["status"] == 404
    assert answer.headers["access-control-allow-origin"] == SHOP
    exposed = answer.headers["access-control-expose-headers"]
    assert {"ETag", "X-Request-Id", "RateLimit"} <= set(exposed.split(", "))


@pytest.mark.parametrize("mount", ["", "/v1"])
def test_a_fault_of_ours_has_all_headers_for_a_page_too(
    surrounded: httpx.Client, engine: Engine, problem: Any, mount: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE items RENAME COLUMN name TO secret_name"))
    sent = {"origin": SHOP, "x-request-id": "the-one"}
    answer = surrounded.get(f"{mount}/items", headers=sent)
    assert problem(answer)["type"] == "/problems/internal"
    assert answer.headers["x-request-id"] == "the-one"
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert_protected(answer)


def test_a_request_that_takes_too_long_has_all_headers_too(
    surrounded: httpx.Client, engine: Engine, problem: Any
) -> None:
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE orders, items IN ACCESS EXCLUSIVE MODE"))
        read = surrounded.get("/items", headers={"origin": SHOP})
        order = {"customer_id": 42, "total_cents": 1999}
        written = surrounded.post("/orders", json=order, headers={"origin": SHOP})
    for answer in (read, written):
        assert problem(answer)["type"] == "/problems/unavailable"
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert_protected(answer)
    assert "nothing was changed" in read.json()["detail"]
    assert "the outcome of the request is not known" in written.json()["detail"]


def test_an_import_may_take_longer(surrounded: httpx.Client, engine: Engine) -> None:
    headers = {"content-type": "application/x-ndjson"}
    line = b'{"customer_id": 42, "total_cents": 1999}\n'
    with ThreadPoolExecutor() as pool:
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE orders, items IN ACCESS EXCLUSIVE MODE"))
            sent = pool.submit(surrounded.post, "/orders:import", content=line, headers=headers)
            # By the time that this one is cut off, the import has waited for as long.
            while sent.running() and surrounded.get("/items").status_code != 503:
                pass
            assert surrounded.get("/items").status_code == 503
        assert sent.result().status_code == 201
