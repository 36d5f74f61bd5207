from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb

from tally_local.bigquery.errors import InvalidError, UnsupportedError
from tally_local.bigquery.load.csv import csv_source, detect_csv
from tally_local.bigquery.load.detect import detect_json, json_keys, parquet_columns
from tally_local.bigquery.load.faults import first_line, reading_error
from tally_local.bigquery.load.source import Source, json_source, parquet_source
from tally_local.bigquery.load.spec import LoadSpec
from tally_local.bigquery.types import Field

_GZIP_MAGIC: Final = b"\x1f\x8b"


@dataclass(frozen=True)
class Load:
    """One load job on its way: what it asks for, its file, and the table's fields so far."""

    spec: LoadSpec
    path: Path
    cursor: duckdb.DuckDBPyConnection
    existing: tuple[Field, ...] | None

    @property
    def gzipped(self) -> bool:
        """Whether the file is compressed, whatever it is called."""
        with self.path.open("rb") as file:
            return file.read(2) == _GZIP_MAGIC

    @property
    def empty(self) -> bool:
        """Whether the file holds nothing at all."""
        return self.path.stat().st_size == 0

    @property
    def replaces_schema(self) -> bool:
        """Whether the job's own schema takes the place of the table's."""
        whole = self.spec.destination.partition is None
        return whole and self.spec.destination.disposition == "WRITE_TRUNCATE"


def read_source(load: Load) -> Source:
    """Return the uploaded file as a source, its columns decided."""
    if load.spec.format == "PARQUET":
        return _parquet(load)
    if load.spec.format == "CSV":
        return _csv(load)
    return _json(load)


def declared_schema(load: Load, source: Source) -> Sequence[Field]:
    """Return the schema that the job brings to its destination."""
    if load.spec.fields:
        return load.spec.fields
    if load.existing is None or (load.replaces_schema and _describes_itself(load)):
        return source.fields
    known = {item.name.lower() for item in load.existing}
    added = [item for item in source.fields if item.name.lower() not in known]
    return [*load.existing, *added]


def _describes_itself(load: Load) -> bool:
    return load.spec.autodetect or load.spec.format == "PARQUET"


def _detects(load: Load) -> bool:
    if load.spec.fields:
        return False
    if load.spec.autodetect:
        return True
    if not load.existing:
        raise InvalidError("No schema specified on job or table.")
    return False


def _wanted(load: Load) -> list[Field]:
    return load.spec.fields or list(load.existing or ())


def _settled(load: Load, detected: Sequence[Field]) -> list[Field]:
    """Return guessed fields, those of the table's columns as the table has them."""
    if load.replaces_schema:
        return list(detected)
    known = {item.name.lower(): item for item in load.existing or ()}
    return [known.get(item.name.lower(), item) for item in detected]


def _csv(load: Load) -> Source:
    if load.spec.ignore_unknown:
        raise UnsupportedError("ignoreUnknownValues of a CSV load is not supported here")
    options = load.spec.csv
    fields = _wanted(load)
    if _detects(load):
        detected, skip = detect_csv(load.cursor, load.path, options, gzipped=load.gzipped)
        fields, options = _settled(load, detected), replace(options, skip_rows=skip)
    _refuse_repeated(fields)
    rejects = load.spec.max_bad_records > 0
    return csv_source(load.path, fields, options, gzipped=load.gzipped, rejects=rejects)


def _refuse_repeated(fields: Sequence[Field]) -> None:
    for item in fields:
        if item.type.element is not None or item.type.kind == "STRUCT":
            raise InvalidError(
                f"CSV does not support repeated or nested fields: field {item.name}, {item.type}"
            )


def _json(load: Load) -> Source:
    lenient = load.spec.max_bad_records > 0
    if _detects(load):
        detected = detect_json(load.cursor, load.path, gzipped=load.gzipped)
        fields = _settled(load, detected)
    else:
        fields = _wanted(load)
        _refuse_unknown(load, fields)
    return json_source(load.path, fields, lenient=lenient, gzipped=load.gzipped)


def _refuse_unknown(load: Load, fields: Sequence[Field]) -> None:
    if load.spec.ignore_unknown or load.empty:
        return
    known = {item.name for item in fields}
    lenient = load.spec.max_bad_records > 0
    for name, _ in json_keys(load.cursor, load.path, gzipped=load.gzipped, lenient=lenient):
        if name not in known:
            raise _unknown(load, name)


def _unknown(load: Load, name: str) -> InvalidError:
    def has_it(row: object) -> bool:
        return isinstance(row, dict) and name in row

    line = first_line(load.path, has_it, gzipped=load.gzipped)
    return reading_error(
        f"JSON table encountered too many errors, giving up. Rows: {line}; errors: 1. "
        f"No such field: {name}."
    )


def _parquet(load: Load) -> Source:
    wanted = None if load.replaces_schema and not load.spec.fields else _wanted(load)
    columns = parquet_columns(load.cursor, load.path, wanted)
    if load.spec.fields:
        known = {item.name.lower() for item in load.spec.fields}
        strange = [c for c in columns if c.field.name.lower() not in known]
        if strange and not load.spec.ignore_unknown:
            raise InvalidError(f"No such field: {strange[0].field.name}.")
        columns = [c for c in columns if c.field.name.lower() in known]
    return parquet_source(load.path, columns)
