"""The schema files of the warehouse's tables: Terraform's, or their copy in the archive."""

import json
from functools import cache
from pathlib import Path

from google.cloud.bigquery import SchemaField


@cache
def table_schema(table: str) -> tuple[SchemaField, ...]:
    """Return the columns of a table of the warehouse, as its schema file lists them."""
    document = json.loads((_directory() / f"{table}.json").read_text(encoding="utf-8"))
    return tuple(SchemaField.from_api_repr(column) for column in document["schema"])


def _directory() -> Path:
    packed = Path(__file__).parent / "schemas"
    if packed.is_dir():
        return packed
    return Path(__file__).parents[3] / "terraform" / "modules" / "bigquery" / "schemas"
