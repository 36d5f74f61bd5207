"""Orders by the file."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from orders_api.schemas.order_query import OrderFilters


class ExportFormat(StrEnum):
    """The kinds of files that orders are exported to."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.CSV: "text/csv; charset=utf-8; header=present",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}

_ACCEPTED: Final = {
    "application/x-ndjson": ExportFormat.NDJSON,
    "application/ndjson": ExportFormat.NDJSON,
    "application/jsonl": ExportFormat.NDJSON,
    "text/csv": ExportFormat.CSV,
    "application/vnd.apache.parquet": ExportFormat.PARQUET,
}


class ExportQuery(OrderFilters):
    """Which orders to export, and in which format."""

    format: ExportFormat | None = Field(
        default=None, description="If left out, the one that Accept prefers, else ndjson."
    )


def preferred(accept: str) -> ExportFormat:
    """Return the format that a header Accept prefers; NDJSON if it names none."""
    best, best_weight = ExportFormat.NDJSON, 0.0
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weight = _weight(parameters)
        if name in _ACCEPTED and weight > best_weight:
            best, best_weight = _ACCEPTED[name], weight
    return best


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
