"""The receipt of a set of changes: equal receipts mean equal rows.

`v1:<rows>:<sum of total_cents>:<sum of digests>`, where a row's digest is the last 60 bits of
the MD5 of its canonical text, and v1 is the version of that text.
"""

from datetime import date, timedelta
from typing import Final

from load_orders.columns import FROM_CHANGES, bigquery_canonical, postgres_canonical

VERSION: Final = "v1"
EMPTY: Final = f"{VERSION}:0:0:0"

POSTGRES_DIGEST: Final = f"('x' || substr(md5({postgres_canonical()}), 18))::bit(60)::bigint"
BIGQUERY_DIGEST: Final = (
    f"CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5({bigquery_canonical()})), 18)) AS INT64)"
)

POSTGRES_RECEIPT: Final = (
    f"'{VERSION}:' || count(*) || ':' || coalesce(sum(c.total_cents), 0)"
    f" || ':' || coalesce(sum({POSTGRES_DIGEST}), 0)"
)
BIGQUERY_RECEIPT: Final = (
    f"CONCAT('{VERSION}:', CAST(COUNT(*) AS STRING),"
    " ':', CAST(IFNULL(SUM(CAST(total_cents AS NUMERIC)), 0) AS STRING),"
    f" ':', CAST(IFNULL(SUM(CAST({BIGQUERY_DIGEST} AS NUMERIC)), 0) AS STRING))"
)


def row_count(receipt: str) -> int:
    """Return how many changes the receipt stands for."""
    return int(receipt.split(":")[1])


def total_cents(receipt: str) -> int:
    """Return the sum of total_cents of the changes that the receipt stands for."""
    return int(receipt.split(":")[2])


def digest(receipt: str) -> str:
    """Return the part of the receipt that tells contents apart, short enough for an id."""
    rows, _, digests = receipt.split(":")[1:]
    return f"{int(rows):x}-{int(digests):x}"


def changes_of(day: date, up_to: int | None = None) -> str:
    """Return the condition in Postgres for the changes of a UTC day.

    Args:
        day: The day of changed_at.
        up_to: The highest change_id that counts; all when None.
    """
    # COPY takes no parameters; dates and an integer cannot carry anything but themselves. Constants
    # leave the planner the partitions of the day only, so no other one is locked.
    bound = "" if up_to is None else f" AND c.change_id <= {int(up_to)}"
    return (
        f"c.changed_at >= timestamptz '{day.isoformat()} 00:00:00Z'"
        f" AND c.changed_at < timestamptz '{day + timedelta(days=1)} 00:00:00Z'"
        f"{bound}"
    )


def postgres_receipt(condition: str) -> str:
    """Return the query for a receipt in Postgres with the highest change_id, 0 when empty."""
    return (
        f"SELECT {POSTGRES_RECEIPT} AS receipt, coalesce(max(c.change_id), 0) AS last_change_id"
        f" FROM {FROM_CHANGES} WHERE {condition}"
    )
