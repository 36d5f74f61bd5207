"""What an import makes of its lines, before it comes near the database."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_api.services.imports.csv_records import CsvReader
from orders_api.services.imports.gzip_blocks import Identity
from orders_api.services.imports.intake import Intake, Rules
from orders_api.services.imports.ndjson import NdjsonReader
from orders_api.services.imports.records import Reader

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEADER = b"customer_id,total_cents\n"
LINES = st.lists(
    st.sampled_from(
        [b"1,2", b'{"customer_id":1,"total_cents":2}', b'5,"1', b'"', b"", b" \t", b"\r"]
    )
    | st.text('1,"\\ \r{}x', max_size=8).map(str.encode)
    | st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")),
    max_size=20,
)


def intake(reader: Reader, clock: Callable[[], float] = monotonic) -> Intake:
    rules = Rules(NOON, frozenset({"USD"}), clock)
    return Intake(Identity(), reader, rules, "anonymous\t\\N", 2**30)


@pytest.mark.parametrize("reader", [CsvReader, NdjsonReader])
@given(lines=LINES, last=st.sampled_from([b"", b"\n"]), cut=st.integers(1, 40))
def test_every_line_that_is_not_blank_is_either_imported_or_skipped(
    reader: type[Reader], lines: list[bytes], last: bytes, cut: int
) -> None:
    first = [HEADER.strip()] if reader is CsvReader else [b'{"customer_id":1,"total_cents":2}']
    content = b"\n".join([*first, *lines]) + last
    with intake(reader()) as taken:
        for start in range(0, len(content), cut):
            taken.feed(content[start : start + cut])
        taken.close()
        rows = b"".join(taken.rows()).splitlines()
    sent = sum(1 for line in lines if line.strip()) + (reader is NdjsonReader)
    assert taken.report.good + taken.report.bad == sent
    assert len(rows) == taken.report.good


def test_an_order_made_while_the_body_is_being_sent_is_not_in_the_future() -> None:
    seconds = [1000.0]
    line = b'{"customer_id":1,"total_cents":2,"created_at":"2026-11-21T12:01:00Z"}\n'
    with intake(NdjsonReader(), lambda: seconds[0]) as taken:
        taken.feed(line)
        seconds[0] += 59.9
        taken.feed(line)
        assert (taken.report.good, taken.report.bad) == (0, 2)
        seconds[0] += 0.2
        taken.feed(line)
        assert (taken.report.good, taken.report.bad) == (1, 2)


def test_a_line_that_is_too_long_is_not_nothing() -> None:
    with intake(NdjsonReader()) as taken:
        taken.feed(b"x" * 70_000)
        taken.close()
        assert taken.report.bad == 1
