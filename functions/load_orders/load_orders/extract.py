"""The day's changes as NDJSON, streamed out of Postgres in bounded chunks."""

from collections.abc import Callable
from datetime import date
from typing import Final

from sqlalchemy import Connection

from load_orders.columns import COLUMNS, FROM_CHANGES, ChangeColumn, Kind

# JSON holds no raw control character, so COPY never finds anything to quote in it.
_COPY: Final = r"COPY ({query}) TO STDOUT (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"


def extract_query(day: date, condition: str, load_id: str, staged_on: date) -> str:
    """Return the query whose rows are the lines of NDJSON for `orders_stage`.

    In the order of change_id, so that a repeated extract makes the same chunks.
    """
    constants = (
        f"'{load_id}' AS load_id",
        f"'{staged_on.isoformat()}' AS staged_on",
        f"'{day.isoformat()}T00:00:00Z' AS ingested_at",
    )
    fields = ", ".join((*constants, *(_field(column) for column in COLUMNS)))
    return (
        f"SELECT row_to_json(line) FROM (SELECT {fields} FROM {FROM_CHANGES}"
        f" WHERE {condition} ORDER BY c.change_id) AS line"
    )


def _field(column: ChangeColumn) -> str:
    # As a string: readers of JSON may take a number for a float, exact to 2^53 only.
    cast = "::text" if column.kind is Kind.INTEGER else ""
    return f"{column.source}{cast} AS {column.name}"


def copy_chunks(
    connection: Connection, query: str, chunk_bytes: int, sink: Callable[[bytes], None]
) -> None:
    """Hand the query's rows to `sink`, some whole lines of about `chunk_bytes` at a time.

    When the sink raises, the connection is in the middle of a COPY: the caller drops it.
    """
    chunks = _Chunks(chunk_bytes, sink)
    cursor = connection.connection.cursor()
    # DB-API has no COPY: the stream is an extension of pg8000.
    cursor.execute(_COPY.format(query=query), stream=chunks)  # type: ignore[call-arg]
    cursor.close()
    chunks.flush()


class _Chunks:
    """Gathers the lines of a COPY; pg8000 writes one at a time."""

    def __init__(self, chunk_bytes: int, sink: Callable[[bytes], None]) -> None:
        self._chunk_bytes = chunk_bytes
        self._sink = sink
        self._lines = bytearray()

    def write(self, line: bytes) -> None:
        self._lines += line
        if len(self._lines) >= self._chunk_bytes:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            chunk, self._lines = bytes(self._lines), bytearray()
            self._sink(chunk)


def affected_days(connection: Connection, condition: str) -> list[date]:
    """Return the UTC days of `sales_daily` that these changes touch: where their orders began."""
    query = (
        "SELECT DISTINCT (c.created_at AT TIME ZONE 'UTC')::date"
        f" FROM order_changes AS c WHERE {condition} ORDER BY 1"
    )
    return list(connection.exec_driver_sql(query).scalars())
