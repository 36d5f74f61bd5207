"""A load job: a file into a table, all of it or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import (
    ApiError,
    InvalidError,
    InvalidQueryError,
    StoppedError,
    UnsupportedError,
)
from tally_local.bigquery.jobs.deposit import insert, prepare, target_fields
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.load.plan import Load, declared_schema, read_source
from tally_local.bigquery.load.source import Source
from tally_local.bigquery.load.spec import LoadSpec, read_load
from tally_local.bigquery.store.failures import translated


def submit_load(engine: Engine, job: Job, path: Path) -> None:
    """Begin a load job on an uploaded file, which is deleted at its end."""
    spec = read_load(job.configuration["load"])

    def work(started: Job) -> None:
        try:
            run_load(engine, started, spec, path)
        finally:
            path.unlink(missing_ok=True)

    try:
        engine.registry.start(job, work)
    except ApiError:
        path.unlink(missing_ok=True)
        raise


def run_load(engine: Engine, job: Job, spec: LoadSpec, path: Path) -> None:
    """Load the file and record the job, in one transaction."""
    size = path.stat().st_size
    with engine.database.write() as transaction:
        job.running_on(transaction.cursor)
        job.check_stopped()
        existing = target_fields(engine.catalog, spec.destination)
        load = Load(spec, path, transaction.cursor, existing)
        with reading():
            source = read_source(load)
        schema = declared_schema(load, source)
        table = prepare(engine.catalog, transaction, spec.destination, schema)
        with reading():
            select, bad = checked_rows(load, source)
            rows = insert(transaction, table, spec.destination, source.fields, select)
        job.statistics["load"] = {
            "inputFiles": "1",
            "inputFileBytes": str(size),
            "outputRows": str(rows),
            "outputBytes": str(size),
            "badRecords": str(bad),
        }
        engine.registry.record_end(transaction.cursor, job)


@contextmanager
def reading() -> Iterator[None]:
    """Word whatever goes wrong inside as BigQuery words a file that it cannot read."""
    try:
        yield
    except duckdb.Error as error:
        raise _worded(translated(error), str(error)) from error
    except InvalidQueryError as error:
        raise InvalidError(f"Error while reading data, error message: {error.message}") from error


def _worded(error: ApiError, detail: str) -> ApiError:
    if isinstance(error, StoppedError):
        return error
    message = error.message
    if isinstance(error, UnsupportedError):
        message = " ".join(detail.split("\n\n", 1)[0].split())
    # The caller sent bytes, not the file that they became here.
    message = re.sub(r'in file "[^"]*", ', "", message)
    return InvalidError(f"Error while reading data, error message: {message}")


def checked_rows(load: Load, source: Source) -> tuple[str, int]:
    """Return the SELECT of the good rows, and how many bad ones were left out."""
    rows = source.select()
    if not load.spec.max_bad_records:
        good = "CASE WHEN bq_error IS NULL THEN TRUE ELSE CAST(bq_fail(bq_error) AS BOOLEAN) END"
        return f"SELECT * EXCLUDE (bq_error) FROM ({rows}) WHERE {good}", 0
    load.cursor.execute(f"CREATE OR REPLACE TEMP TABLE bq_load AS {rows}")
    found = load.cursor.execute(
        "SELECT count(bq_error), min(bq_error) FROM temp.main.bq_load"
    ).fetchone() or (0, None)
    bad = int(found[0]) + _rejected(load)
    if bad > load.spec.max_bad_records:
        raise InvalidError(
            f"Error while reading data, error message: too many errors encountered: {bad}, "
            f"the limit is {load.spec.max_bad_records}. The first: {found[1]}"
        )
    return "SELECT * EXCLUDE (bq_error) FROM temp.main.bq_load WHERE bq_error IS NULL", bad


def _rejected(load: Load) -> int:
    if load.spec.format != "CSV":
        return 0
    row = load.cursor.execute("SELECT count(DISTINCT line) FROM bq_rejects").fetchone()
    return int(row[0]) if row else 0
