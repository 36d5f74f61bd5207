"""Imports as streams: slow, broken off, far too large, and a whole shop's history."""

import csv
import gzip
import socket
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders_api.settings import Settings

CDNOW = Path(__file__).parents[4] / "shared" / "data" / "cdnow_master.txt"
REGIONS = ("us-west", "us-east", "eu-west", "ap-south")
NDJSON = {"content-type": "application/x-ndjson"}
LINE = b'{"customer_id": 1, "total_cents": 100}\n'

# Three chunks of eight megabytes: more than the sockets between hold, so the server has read on.
PADDED = LINE[:-2] + b" " * 60_000 + LINE[-2:]
CHUNK = PADDED * 140

BUSY = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"""


def count(engine: Engine, query: str = "SELECT count(*) FROM orders") -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def test_a_slow_sender_holds_no_transaction_open(fresh: httpx.Client, engine: Engine) -> None:
    idle = []

    def body() -> Iterator[bytes]:
        for _ in range(3):
            yield CHUNK
            # At first the server may still be asking what the time is.
            idle.append(any(count(engine, BUSY) == 0 for _ in range(1000)))

    response = fresh.post("/orders:import", content=body(), headers=NDJSON)
    assert response.json()["imported"] == 420
    assert idle == [True, True, True]


def test_a_sender_who_leaves_midway_imports_nothing_and_leaves_no_file(
    fresh: httpx.Client, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with socket.create_connection((fresh.base_url.host, fresh.base_url.port or 80)) as sender:
        content = LINE * 100_000
        head = (
            "POST /orders:import HTTP/1.1\r\nHost: tally\r\nContent-Type: text/csv\r\n"
            f"Content-Length: {len(content) * 2}\r\n\r\n"
        ).replace("text/csv", NDJSON["content-type"])
        sender.sendall(head.encode() + content)
    # The server answers this one after it has seen the other go.
    response = fresh.post("/orders:import", content=LINE, headers=NDJSON)
    assert response.json()["imported"] == 1
    assert count(engine) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_body_over_the_limit_is_too_large_however_small_it_was_sent(
    database_url: str, engine: Engine, serve: Any, problem: Any, encoding: str
) -> None:
    settings = Settings.model_validate({"database_url": database_url, "import_max_bytes": 100_000})
    content = LINE * 10_000
    if encoding == "gzip":
        content = gzip.compress(content)
        assert len(content) < 10_000
    with serve(settings) as client:
        headers = NDJSON | {"content-encoding": encoding}
        found = problem(client.post("/orders:import", content=content, headers=headers))
        assert found["type"] == "/problems/too-large"
        assert "100000" in found["detail"]
        under = client.post("/orders:import", content=LINE * 100, headers=NDJSON)
        assert under.json()["imported"] == 100
    assert count(engine) == 100


def test_a_wrong_header_is_answered_after_the_whole_body_was_sent(
    api: httpx.Client, problem: Any
) -> None:
    content = b"customer,total\n" + b"1,2\n" * 2_000_000
    response = api.post("/orders:import", content=content, headers={"content-type": "text/csv"})
    assert problem(response)["type"] == "/problems/import-refused"


def purchases() -> list[tuple[int, int, str, str]]:
    """Customer, cents, region and day of every purchase of the CDNOW customers."""
    found = []
    for line in CDNOW.read_text().splitlines()[1:]:
        customer, day, _, dollars = line.split()
        number = int(customer)
        cents = int(Decimal(dollars) * 100)
        found.append((number, cents, REGIONS[number % 4], f"{day[:4]}-{day[4:6]}-{day[6:]}"))
    return found


@pytest.mark.skipif(not CDNOW.exists(), reason="the CDNOW file is not here")
def test_every_real_purchase_is_imported_to_the_cent(
    fresh: httpx.Client, engine: Engine, tmp_path: Path
) -> None:
    rows = purchases()
    path = tmp_path / "cdnow.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "total_cents", "region", "created_at"])
        writer.writerows([*row[:3], f"{row[3]}T00:00:00Z"] for row in rows)
    with path.open("rb") as file:
        headers = {"content-type": "text/csv"}
        response = fresh.post("/orders:import", content=file, headers=headers)
    assert response.json()["imported"] == len(rows) == 69_659
    with engine.connect() as connection:
        imported = connection.execute(
            text(
                "SELECT customer_id, total_cents, region, (created_at AT TIME ZONE 'UTC')::date"
                "::text FROM orders ORDER BY id"
            )
        ).all()
    assert [tuple(row) for row in imported] == rows
    assert sum(row[1] for row in rows) == 250_031_563
    assert count(engine, "SELECT count(*) FROM order_changes WHERE op = 'I'") == 69_659
