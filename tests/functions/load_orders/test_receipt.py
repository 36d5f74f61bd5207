"""The receipt, against a computation of its own in Python."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from load_orders.columns import COLUMNS, FROM_CHANGES, Kind, postgres_canonical
from load_orders.receipt import EMPTY, POSTGRES_RECEIPT, digest

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Hypothesis takes naive bounds and adds the time zone itself.
EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001
LATEST = datetime(2026, 1, 1)  # noqa: DTZ001

# Postgres stores any character but NUL; surrogates are no characters.
TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
ORDERS = st.fixed_dictionaries(
    {
        "customer_id": st.integers(1, 2**63 - 1),
        "total_cents": st.integers(0, 10**15),
        "currency": st.sampled_from(["USD", "JPY", "KWD", "CLF"]),
        "metadata": st.dictionaries(TEXTS, TEXTS, max_size=3).map(json.dumps),
        "changed_by": TEXTS,
        "trace_id": st.none() | TEXTS,
        "created_at": st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)),
    }
)
INSERT = text(
    "INSERT INTO orders (customer_id, total_cents, currency, metadata, changed_by, trace_id,"
    " created_at) VALUES (:customer_id, :total_cents, :currency, CAST(:metadata AS jsonb),"
    " :changed_by, :trace_id, :created_at)"
)


def text_of(kind: Kind, value: object) -> str:
    if kind is not Kind.TIME:
        return str(value)
    assert isinstance(value, datetime)
    return str((value - EPOCH) // timedelta(microseconds=1))


def canonical(values: list[object]) -> bytes:
    fields = []
    for column, value in zip(COLUMNS, values, strict=True):
        if value is None:
            fields.append(b"-")
            continue
        content = text_of(column.kind, value).encode()
        fields.append(str(len(content)).encode() + b":" + content)
    return b"".join(fields)


def digest_of(values: list[object]) -> int:
    md5 = hashlib.md5(canonical(values), usedforsecurity=False)
    return int(md5.hexdigest()[-15:], 16)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ORDERS, max_size=5))
def test_postgres_computes_the_receipt_that_the_definition_gives(
    connection: Connection, orders: list[dict[str, object]]
) -> None:
    with connection.begin_nested() as savepoint:
        for order in orders:
            connection.execute(INSERT, order)
        sources = ", ".join(column.source for column in COLUMNS)
        rows = [
            list(row) for row in connection.exec_driver_sql(f"SELECT {sources} FROM {FROM_CHANGES}")
        ]
        receipt = connection.exec_driver_sql(
            f"SELECT {POSTGRES_RECEIPT} FROM {FROM_CHANGES}"
        ).scalar()
        savepoint.rollback()
    digests = [digest_of(row) for row in rows]
    cents = sum(int(str(order["total_cents"])) for order in orders)
    assert receipt == f"v1:{len(orders)}:{cents}:{sum(digests)}"


@given(st.lists(st.none() | TEXTS, min_size=3, max_size=3), st.data())
def test_no_value_can_imitate_another(values: list[str | None], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.none() | TEXTS, min_size=3, max_size=3))

    def joined(fields: list[str | None]) -> bytes:
        return b"".join(
            b"-" if one is None else f"{len(one.encode())}:".encode() + one.encode()
            for one in fields
        )

    assert (joined(values) == joined(others)) == (values == others)


def test_null_and_the_empty_text_differ(connection: Connection) -> None:
    for trace in (None, ""):
        connection.execute(
            INSERT,
            {
                "customer_id": 1,
                "total_cents": 1,
                "currency": "USD",
                "metadata": "{}",
                "changed_by": "a",
                "trace_id": trace,
                "created_at": EPOCH.replace(year=2000),
            },
        )
    column = [one for one in COLUMNS if one.name == "trace_id"]
    query = f"SELECT {postgres_canonical(column)} FROM {FROM_CHANGES} ORDER BY change_id"
    assert list(connection.exec_driver_sql(query).scalars()) == ["-", "0:"]


def test_an_empty_set_has_the_empty_receipt(connection: Connection) -> None:
    query = f"SELECT {POSTGRES_RECEIPT} FROM {FROM_CHANGES}"
    assert connection.exec_driver_sql(query).scalar() == EMPTY


def test_the_digest_of_a_receipt_fits_an_id() -> None:
    assert digest("v1:255:1999:4096") == "ff-1000"
