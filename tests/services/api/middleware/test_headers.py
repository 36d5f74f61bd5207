"""Headers for browsers and caches, and the forms an answer may take on its way."""

import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from orders_api.settings import Settings


@pytest.fixture
def behind_proxy(shared_url: str, serve: Any) -> Iterator[httpx.Client]:
    """An API behind one proxy."""
    with serve(Settings.model_validate({"database_url": shared_url, "proxies": 1})) as client:
        yield client


def test_only_https_is_asked_for_again_when_it_came_by_https(
    api: httpx.Client, behind_proxy: httpx.Client
) -> None:
    sent = {"x-forwarded-proto": "https"}
    name = "strict-transport-security"
    assert behind_proxy.get("/", headers=sent).headers[name] == "max-age=31536000"
    assert name not in behind_proxy.get("/").headers
    # Without a proxy it is a stranger's word.
    assert name not in api.get("/", headers=sent).headers


def test_what_has_caching_of_its_own_keeps_it(api: httpx.Client) -> None:
    order = api.post("/orders", json={"customer_id": 42, "total_cents": 1999})
    assert order.headers["cache-control"] == "no-store"
    shown = api.get(order.headers["location"])
    assert shown.headers["cache-control"] == "private, no-cache"
    missing = api.get("/orders/999999999999")
    assert missing.headers["cache-control"] == "no-store"


def test_a_sane_request_id_is_kept_and_any_other_replaced(api: httpx.Client) -> None:
    assert api.get("/", headers={"x-request-id": "a.b-C_1"}).headers["x-request-id"] == "a.b-C_1"
    for bad in ("", "a b", "<script>", "x" * 129):
        made = api.get("/", headers={"x-request-id": bad}).headers["x-request-id"]
        assert made != bad
        assert len(made) == 32


def test_a_large_answer_is_compressed_for_whoever_takes_it(api: httpx.Client) -> None:
    large, small = "/problems", "/health/live"
    with api.stream("GET", large, headers={"accept-encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    for refused in ("identity", "gzip;q=0", "br, gzip; q=0.0"):
        plain = api.get(large, headers={"accept-encoding": refused})
        assert "content-encoding" not in plain.headers
    assert gzip.decompress(sent) == plain.content
    assert len(sent) < len(plain.content) / 2
    assert "content-encoding" not in api.get(small).headers


def test_head_has_the_headers_of_get_compressed_or_not(api: httpx.Client) -> None:
    for encoding in ("gzip", "identity"):
        sent = {"accept-encoding": encoding}
        with api.stream("GET", "/problems", headers=sent) as get:
            length = len(b"".join(get.iter_raw()))
        head = api.head("/problems", headers=sent)
        assert int(head.headers["content-length"]) == length
        assert head.headers.get("content-encoding") == get.headers.get("content-encoding")


def test_the_server_does_not_say_what_it_is(api: httpx.Client) -> None:
    assert "server" not in api.get("/").headers
