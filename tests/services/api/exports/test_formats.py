"""How an export is asked for, and what its headers say."""

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from orders_api.settings import Settings

NDJSON = "application/x-ndjson"
CSV = "text/csv; charset=utf-8; header=present"
PARQUET = "application/vnd.apache.parquet"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", NDJSON),
        ("", NDJSON),
        ("text/html", NDJSON),
        ("text/csv", CSV),
        ("Text/CSV; charset=utf-8", CSV),
        ("application/vnd.apache.parquet, text/csv;q=0.9", PARQUET),
        ("text/csv;q=0.5, application/vnd.apache.parquet; q=0.8", PARQUET),
        ("text/csv;q=0, */*", NDJSON),
        ("text/csv;q=x", NDJSON),
        ("application/jsonl", NDJSON),
    ],
)
def test_the_format_is_what_accept_prefers(shop: httpx.Client, accept: str, kind: str) -> None:
    answer = shop.get("/orders:export", headers={"accept": accept})
    assert answer.headers["content-type"] == kind
    assert "Accept" in answer.headers["vary"].split(", ")


@pytest.mark.parametrize(("form", "kind"), [("ndjson", NDJSON), ("csv", CSV), ("parquet", PARQUET)])
def test_the_parameter_wins_and_the_headers_tell_what_comes(
    shop: httpx.Client, form: str, kind: str
) -> None:
    answer = shop.get("/orders:export", params={"format": form}, headers={"accept": "text/csv"})
    watermark = answer.headers["tally-watermark"]
    assert int(watermark) >= 48
    assert answer.headers["content-type"] == kind
    name = f'attachment; filename="orders-{watermark}.{form}"'
    assert answer.headers["content-disposition"] == name
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


def test_head_answers_the_same_headers_without_making_the_file(shop: httpx.Client) -> None:
    got = shop.get("/orders:export?format=csv", headers={"accept-encoding": "identity"})
    head = shop.head("/orders:export?format=csv", headers={"accept-encoding": "identity"})
    changing = {"date", "x-request-id", "ratelimit", "transfer-encoding", "vary"}
    assert head.status_code == 200
    assert head.content == b""
    assert {n: v for n, v in head.headers.items() if n not in changing} == {
        n: v for n, v in got.headers.items() if n not in changing
    }


def test_nothing_is_a_file_too(fresh: httpx.Client) -> None:
    found = {
        form: fresh.get("/orders:export", params={"format": form})
        for form in ("ndjson", "csv", "parquet")
    }
    assert {answer.headers["tally-watermark"] for answer in found.values()} == {"0"}
    assert found["ndjson"].content == b""
    assert found["csv"].text.startswith("id,customer_id,total_cents,")
    assert found["csv"].text.count("\r\n") == 1
    assert pq.read_table(io.BytesIO(found["parquet"].content)).num_rows == 0


def test_csv_is_as_rfc_4180_has_it(shop: httpx.Client) -> None:
    text = shop.get("/orders:export?format=csv").content
    assert text.endswith(b"\r\n")
    assert text.count(b"\n") == text.count(b"\r\n")
    assert b'{""channel"": ""web""' in text or b'""channel"": ""web""}' in text


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_gzip_comes_in_pieces_that_can_be_read_before_the_end(
    fresh: httpx.Client, fill: Callable[[int], None], form: str
) -> None:
    fill(3_000)
    query = {"format": form}
    plain = fresh.get("/orders:export", params=query, headers={"accept-encoding": "identity"})
    asked = {"accept-encoding": "gzip"}
    with fresh.stream("GET", "/orders:export", params=query, headers=asked) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        pieces = list(answer.iter_raw())
    whole = b"".join(pieces)
    assert len(whole) < len(plain.content) * 2 / 3
    assert sorted(gzip.decompress(whole).split(b"\n")) == sorted(plain.content.split(b"\n"))
    begun = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(pieces[0])
    assert len(begun) > 100_000


def test_parquet_is_not_compressed_again(shop: httpx.Client) -> None:
    headers = {"accept-encoding": "gzip"}
    answer = shop.get("/orders:export?format=parquet", headers=headers)
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("format=xml", "format"),
        ("format=", "format"),
        ("format=csv&format=csv", "format"),
        ("limit=5", "limit"),
        ("cursor=x", "cursor"),
        ("sort=created_at", "sort"),
        ("status=lost", "status"),
        ("customer_id=0", "customer_id"),
        ("metadata[a]=%00", "metadata[a]"),
        ("created_from=2026-01-02T00:00:00Z&created_to=2026-01-01T00:00:00Z", "created_to"),
    ],
)
def test_what_no_export_can_be_asked_is_refused_by_name(
    api: httpx.Client, problem: Any, query: str, name: str
) -> None:
    found = problem(api.get(f"/orders:export?{query}"))
    assert found["status"] == 422
    assert [error["pointer"] for error in found["errors"]] == [f"query/{name}"]


def test_exports_can_be_turned_off(database_url: str, serve: Any, problem: Any) -> None:
    settings = Settings.model_validate({"database_url": database_url, "features_off": "exports"})
    with serve(settings) as client:
        assert problem(client.get("/orders:export"))["type"] == "/problems/not-found"
        assert client.get("/orders").status_code == 200
