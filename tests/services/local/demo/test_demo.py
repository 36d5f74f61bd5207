"""The demo as users run it: from an empty directory to the reconciled line."""

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.services.local.conftest import Tally

SHARED = Path(__file__).parents[5] / "shared" / "data" / "cdnow_master.txt"
REGIONS = ("us-west", "us-east", "eu-west", "ap-south")
LAST_LINE = re.compile(
    r"reconciled: \d+ orders, EUR \d+\.\d\d, JPY \d+, KWD \d+\.\d{3}, USD \d+\.\d\d, 0 differences"
)


def last_line(output: str) -> str:
    return output.splitlines()[-1]


@pytest.mark.slow
def test_a_shops_days_end_in_the_reconciled_line(tally: "Tally") -> None:
    done = tally("demo", "--days", "2")
    assert done.returncode == 0, done.stderr
    assert LAST_LINE.fullmatch(last_line(done.stdout))
    assert done.stdout.endswith("\n")
    assert "\x1b" not in done.stdout
    assert done.stdout.count(" open ") == 1
    assert done.stdout.count(" closed ") == 1
    assert tally.processes() == []
    assert not (tally.state / "endpoints.json").exists()


@pytest.mark.slow
def test_a_file_is_imported_published_and_compared_with_itself(
    tally: "Tally", tmp_path: Path
) -> None:
    rows: list[dict[str, object]] = [
        {"customer_id": 1, "total_cents": 1177, "created_at": "1997-01-01T00:00:00Z"},
        {"customer_id": 2, "total_cents": 1200, "created_at": "1997-01-12T23:30:00-05:00"},
        {"customer_id": 2, "total_cents": 0},
        {"customer_id": 3, "total_cents": 88000, "currency": "JPY", "region": "ap-south"},
        {"customer_id": 4, "total_cents": 12345, "currency": "KWD", "status": "refunded"},
        {"customer_id": 5, "total_cents": 999999, "status": "cancelled"},
        {"customer_id": 6, "total_cents": 1, "metadata": {"note": 'ünïcode, "quoted"'}},
    ]
    path = tmp_path / "orders"
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    done = tally("demo", "--orders", str(path))
    assert done.returncode == 0, done.stderr
    assert last_line(done.stdout) == (
        "reconciled: 6 orders, JPY 88000, KWD 12.345, USD 23.78, 0 differences"
    )


@pytest.mark.slow
def test_a_file_may_hold_orders_of_today(tally: "Tally", tmp_path: Path) -> None:
    now = datetime.now(UTC).isoformat()
    path = tmp_path / "orders.csv"
    path.write_text(f"customer_id,total_cents,created_at\n1,100,{now}\n2,250,\n", encoding="utf-8")
    done = tally("demo", "--orders", str(path))
    assert done.returncode == 0, done.stderr
    assert last_line(done.stdout) == "reconciled: 2 orders, USD 3.50, 0 differences"


def test_bad_rows_are_listed_by_line_field_and_reason(tally: "Tally", tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,total_cents\n1,100\n0,100\n2,19.99\n", encoding="utf-8")
    done = tally("demo", "--orders", str(path))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "line 3, customer_id: " in done.stderr
    assert "line 4, total_cents: " in done.stderr
    assert tally.processes() == []


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the real purchases are not on this machine")
def test_the_real_purchases_are_all_there_to_the_cent(tally: "Tally", tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_orders(csv.writer(file).writerows)
    done = tally("demo", "--orders", str(path))
    assert done.returncode == 0, done.stderr
    assert last_line(done.stdout) == "reconciled: 69659 orders, USD 2500315.63, 0 differences"


def write_orders(write: Callable[[Iterable[Iterable[object]]], object]) -> None:
    """Write the purchases as the import takes them; the region is customer_id mod 4."""
    write([("customer_id", "total_cents", "region", "created_at")])
    for line in SHARED.read_text(encoding="utf-8").splitlines()[1:]:
        customer, day, _, dollars = line.split()
        created = f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00Z"
        cents = int(Decimal(dollars) * 100)
        write([(int(customer), cents, REGIONS[int(customer) % 4], created)])
