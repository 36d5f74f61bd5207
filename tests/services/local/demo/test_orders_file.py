"""A file of orders is read as the API reads it."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tally_local.demo.ledger import Booking, Ledger
from tally_local.demo.orders_file import OrdersFile
from tally_local.errors import UserError

TODAY = date(2026, 11, 21)


def booked(path: Path, content: bytes) -> list[Booking]:
    path.write_bytes(content)
    ledger = Ledger()
    OrdersFile(path).book(ledger, TODAY)
    return ledger.bookings


@pytest.mark.parametrize(
    "content",
    [
        b"\n\r\ncustomer_id,total_cents\n\n1,250\r\n\n",
        b"\xef\xbb\xbfcustomer_id,total_cents,region\n1,250,",
        b'\n{"customer_id": 1, "total_cents": 250}\n\n',
    ],
)
def test_blank_lines_and_empty_cells_are_passed_over(tmp_path: Path, content: bytes) -> None:
    assert booked(tmp_path / "orders", content) == [Booking(TODAY, "unknown", "USD", 250)]


@pytest.mark.parametrize(
    "content",
    [
        b"customerId,totalCents,createdAt\n1,250,2026-11-20T23:00:00-02:00\n",
        b'{"customerId": 1, "totalCents": 250, "createdAt": "2026-11-20T23:00:00-02:00"}\n',
    ],
)
def test_names_in_camel_case_are_read_as_the_api_reads_them(tmp_path: Path, content: bytes) -> None:
    assert booked(tmp_path / "orders", content) == [Booking(TODAY, "unknown", "USD", 250)]
    assert OrdersFile(tmp_path / "orders").reaches(datetime(2026, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize("row", [b"1", b"1,x", b'1,"2', b"1,2,3"])
def test_a_row_that_is_none_is_told_without_a_repr(tmp_path: Path, row: bytes) -> None:
    with pytest.raises(UserError, match="after order 1 comes what is none"):
        booked(tmp_path / "orders", b"customer_id,total_cents\n1,100\n" + row + b"\n")
