from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tally_local.bigquery.errors import InvalidError, UnsupportedError
from tally_local.bigquery.integers import whole_number
from tally_local.bigquery.jobs.deposit import Destination, fields_of, read_destination
from tally_local.bigquery.types import Field

_FORMATS: Final = {"CSV", "NEWLINE_DELIMITED_JSON", "PARQUET"}
_UNSUPPORTED: Final = (
    "sourceUris", "hivePartitioningOptions", "rangePartitioning", "preserveAsciiControlCharacters",
    "destinationEncryptionConfiguration", "columnNameCharacterMap", "jsonExtension",
    "fileSetSpecType", "referenceFileSchemaUri", "connectionProperties", "createSession",
)  # fmt: skip


@dataclass(frozen=True)
class CsvOptions:
    """How a CSV file is written."""

    delimiter: str
    quote: str
    null_marker: str
    skip_rows: int
    quoted_newlines: bool
    jagged_rows: bool


@dataclass(frozen=True)
class LoadSpec:
    """What a load job asks for."""

    destination: Destination
    format: str
    fields: list[Field]
    autodetect: bool
    ignore_unknown: bool
    max_bad_records: int
    csv: CsvOptions


def read_load(raw: Mapping[str, Any]) -> LoadSpec:
    """Read the `load` part of a job's configuration."""
    for name in _UNSUPPORTED:
        if raw.get(name):
            raise UnsupportedError(f"{name} of a load job is not supported here")
    kind = str(raw.get("sourceFormat") or "CSV")
    if kind not in _FORMATS:
        raise UnsupportedError(f"Loading {kind} is not supported here")
    if str(raw.get("encoding") or "UTF-8").upper() not in {"UTF-8", "UTF8"}:
        raise UnsupportedError(f"Encoding {raw['encoding']} is not supported here: use UTF-8")
    if not (raw.get("destinationTable") or {}).get("tableId"):
        raise InvalidError("Required parameter is missing: destinationTable")
    return LoadSpec(
        read_destination(raw, "WRITE_APPEND"),
        kind,
        fields_of(raw),
        _flag(raw, "autodetect"),
        _flag(raw, "ignoreUnknownValues"),
        whole_number(raw, "maxBadRecords") or 0,
        _csv(raw),
    )


def _flag(raw: Mapping[str, Any], name: str) -> bool:
    return str(raw.get(name) or "").lower() == "true"


def _csv(raw: Mapping[str, Any]) -> CsvOptions:
    delimiter = str(raw.get("fieldDelimiter") or ",")
    named = {"tab": "\t", "\\t": "\t"}
    quote = raw.get("quote")
    return CsvOptions(
        named.get(delimiter.lower(), delimiter),
        '"' if quote is None else str(quote),
        str(raw.get("nullMarker") or ""),
        whole_number(raw, "skipLeadingRows") or 0,
        _flag(raw, "allowQuotedNewlines"),
        _flag(raw, "allowJaggedRows"),
    )
