"""A load job: a file into a table, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import ApiError, InvalidQueryError
from tally_local.bigquery.jobs.deposit import insert, prepare, target_fields
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.load.faults import csv_fault, reading_error, worded
from tally_local.bigquery.load.plan import Load, declared_schema, read_source
from tally_local.bigquery.load.source import Source
from tally_local.bigquery.load.spec import LoadSpec, read_load


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
        with reading(load):
            source = read_source(load)
        schema = declared_schema(load, source)
        table = prepare(engine.catalog, transaction, spec.destination, schema)
        with reading(load):
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
def reading(load: Load) -> Iterator[None]:
    """Word whatever goes wrong inside as BigQuery words a file that it cannot read."""
    try:
        yield
    except duckdb.Error as error:
        raise worded(error, load.path, gzipped=load.gzipped) from error
    except InvalidQueryError as error:
        raise reading_error(error.message) from error


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
    rejected, fault = _rejected(load)
    bad = int(found[0]) + rejected
    if bad > load.spec.max_bad_records:
        raise reading_error(
            f"too many errors encountered: {bad}, the limit is {load.spec.max_bad_records}. "
            f"One of them: {fault or found[1]}"
        )
    return "SELECT * EXCLUDE (bq_error) FROM temp.main.bq_load WHERE bq_error IS NULL", bad


def _rejected(load: Load) -> tuple[int, str | None]:
    if load.spec.format != "CSV":
        return 0, None
    count, line, detail = load.cursor.execute(
        "SELECT count(DISTINCT line), min(line), arg_min(error_message, line) FROM bq_rejects"
    ).fetchone() or (0, None, None)
    return int(count), None if line is None else csv_fault(int(line), str(detail))
