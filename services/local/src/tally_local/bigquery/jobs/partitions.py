from __future__ import annotations

import re
from typing import Final

from tally_local.bigquery.errors import InvalidError, UnsupportedError
from tally_local.bigquery.store.catalog import Table
from tally_local.bigquery.types import quoted

_FORMATS: Final = {"DAY": "%Y%m%d", "HOUR": "%Y%m%d%H", "MONTH": "%Y%m", "YEAR": "%Y"}
_DIGITS: Final = {"DAY": 8, "HOUR": 10, "MONTH": 6, "YEAR": 4}


def split_decorator(table: str) -> tuple[str, str | None]:
    """Split `table$20240102` into the table and its partition."""
    name, dollar, partition = table.partition("$")
    if not dollar:
        return name, None
    if not re.fullmatch(r"\d{4}|\d{6}|\d{8}|\d{10}|__NULL__|__UNPARTITIONED__", partition):
        raise InvalidError(f'Invalid table ID "{table}": the partition after $ is malformed')
    return name, partition


def partition_id(table: Table) -> str:
    """Return the expression of a row's partition id."""
    part = table.partitioning
    if part is None:
        raise InvalidError(f"Table {table.name} is not partitioned")
    if "field" not in part:
        raise UnsupportedError("Tables partitioned by ingestion time are not supported here")
    column = quoted(str(part["field"]))
    return f"coalesce(strftime({column}, '{_FORMATS[str(part['type'])]}'), '__NULL__')"


def partition_expression(table: Table, partition: str) -> str:
    """Return the expression to compare with a decorator, once the decorator fits the table."""
    expression = partition_id(table)
    kind = str((table.partitioning or {})["type"])
    if partition.isdigit() and len(partition) != _DIGITS[kind]:
        raise InvalidError(
            f"Partition ${partition} does not fit table {table.name}, of type {kind}"
        )
    return expression
