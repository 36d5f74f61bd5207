"""Which changes of a day differ between Postgres and BigQuery, found in bounded memory."""

from datetime import date
from typing import Final

from google.cloud.bigquery import ScalarQueryParameter
from sqlalchemy import Connection

from load_orders.columns import FROM_CHANGES
from load_orders.receipt import BIGQUERY_DIGEST, POSTGRES_DIGEST
from load_orders.stage import Warehouse

_BUCKET: Final = 1000
_IDS: Final = 20
_BUCKETS_OPENED: Final = 3


def differing_changes(
    connection: Connection, warehouse: Warehouse, day: date, condition: str
) -> list[int]:
    """Return the ids of changes that only one side has or that differ; the first 20.

    Args:
        connection: On Postgres, in the snapshot that was compared.
        warehouse: Where `orders_raw` is.
        day: The UTC day of the changes.
        condition: Selects the day's changes in Postgres.
    """
    buckets = _differences(
        _postgres(connection, condition, f"c.change_id / {_BUCKET}"),
        _bigquery(warehouse, day, f"DIV(change_id, {_BUCKET})"),
    )
    ids: list[int] = []
    for bucket in buckets[:_BUCKETS_OPENED]:
        low, high = bucket * _BUCKET, (bucket + 1) * _BUCKET
        within = f"change_id >= {low} AND change_id < {high}"
        ids += _differences(
            _postgres(connection, f"{condition} AND {within}", "c.change_id"),
            _bigquery(warehouse, day, "change_id", within),
        )
    return ids[:_IDS]


def _differences(one: dict[int, str], other: dict[int, str]) -> list[int]:
    return sorted(key for key in {*one, *other} if one.get(key) != other.get(key))


def _postgres(connection: Connection, condition: str, key: str) -> dict[int, str]:
    query = (
        f"SELECT {key}, count(*) || ':' || sum({POSTGRES_DIGEST}) FROM {FROM_CHANGES}"
        f" WHERE {condition} GROUP BY 1"
    )
    return {int(row[0]): str(row[1]) for row in connection.exec_driver_sql(query)}


def _bigquery(warehouse: Warehouse, day: date, key: str, within: str = "TRUE") -> dict[int, str]:
    rows = warehouse.rows(bigquery_query(key, within), ScalarQueryParameter("day", "DATE", day))
    return {int(row[0]): str(row[1]) for row in rows}


def bigquery_query(key: str, within: str) -> str:
    """Return the query for the digests of the changes of @day, summed by `key`."""
    return (
        f"SELECT {key} AS key, CONCAT(CAST(COUNT(*) AS STRING), ':',"
        f" CAST(SUM(CAST({BIGQUERY_DIGEST} AS NUMERIC)) AS STRING))"
        f" FROM orders_raw WHERE DATE(ingested_at) = @day AND {within} GROUP BY key"
    )
