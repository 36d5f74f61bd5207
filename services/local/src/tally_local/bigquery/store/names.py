from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tally_local.bigquery.errors import InvalidError
from tally_local.bigquery.types import quoted

_DATASET: Final = re.compile(r"[A-Za-z0-9_]{1,1024}")
_TABLE: Final = re.compile(r"[\w\- ]{1,1024}")


def _cased(name: str) -> str:
    # BigQuery tells Orders from orders, DuckDB does not: mark the capitals.
    return re.sub(r"([A-Z^])", r"^\1", name)


@dataclass(frozen=True, order=True)
class DatasetName:
    """A dataset, with its project."""

    project: str
    dataset: str

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}"

    @property
    def schema(self) -> str:
        """The DuckDB schema that holds it, quoted."""
        return quoted(_cased(f"{self.project}:{self.dataset}"))

    def checked(self) -> DatasetName:
        """Return the name, or raise if BigQuery would not take it."""
        if not _DATASET.fullmatch(self.dataset):
            raise InvalidError(
                f'Invalid dataset ID "{self.dataset}". Dataset IDs must be alphanumeric'
            )
        return self

    def json(self) -> dict[str, str]:
        """Return the datasetReference."""
        return {"projectId": self.project, "datasetId": self.dataset}


@dataclass(frozen=True, order=True)
class TableName:
    """A table, with its dataset and project."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}.{self.table}"

    @property
    def full(self) -> str:
        """The name that the analyzer carries through."""
        return f"{self.project}.{self.dataset}.{self.table}"

    @property
    def parent(self) -> DatasetName:
        """The dataset it is in."""
        return DatasetName(self.project, self.dataset)

    @property
    def relation(self) -> str:
        """The DuckDB table, qualified and quoted."""
        return f"{self.parent.schema}.{quoted(_cased(self.table))}"

    def checked(self) -> TableName:
        """Return the name, or raise if BigQuery would not take it."""
        if not _TABLE.fullmatch(self.table):
            raise InvalidError(f'Invalid table ID "{self.table}".')
        return self

    def json(self) -> dict[str, str]:
        """Return the tableReference."""
        return {**self.parent.json(), "tableId": self.table}
