from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import duckdb

from tally_local.bigquery.errors import (
    ApiError,
    DuplicateError,
    NotFoundError,
    StoppedError,
    UnsupportedError,
)
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.store.catalog import now_ms
from tally_local.bigquery.store.database import Database
from tally_local.bigquery.store.failures import translated

_KEPT_RESULT_BYTES: Final = 1 << 30
_STOPPED: Final = StoppedError("The local BigQuery endpoint stopped while this job ran").proto()


class Registry:
    """All jobs there ever were: running ones in memory, finished ones in the database.

    A job's record commits with its effect, so that after a crash there are both or neither.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._live: OrderedDict[tuple[str, str], Job] = OrderedDict()
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="bigquery-job")
        with database.write() as transaction:
            _end_abandoned(transaction.cursor)

    def start(self, job: Job, work: Callable[[Job], None], *, keep: bool = True) -> None:
        """Begin a job in the background; an id that was ever used is a 409."""
        key = (job.project, job.job_id)
        with self._lock:
            if key in self._live or self._recorded(*key) is not None:
                raise DuplicateError(
                    f"Already Exists: Job {job.project}:{job.location}.{job.job_id}"
                )
            self._live[key] = job
        self._pool.submit(self._run, job, work, keep=keep)

    def _run(self, job: Job, work: Callable[[Job], None], *, keep: bool) -> None:
        try:
            self._attempt(job, work)
            if keep and not job.recorded:
                with self._database.note() as transaction:
                    self.record_end(transaction.cursor, job)
        finally:
            job.ended_ms = job.ended_ms or now_ms()
            job.done.set()
            self._forget_old_results()

    def _attempt(self, job: Job, work: Callable[[Job], None]) -> None:
        try:
            job.check_stopped()
            work(job)
        except ApiError as error:
            self._failed(job, error)
        except duckdb.Error as error:
            self._failed(job, translated(error))
        except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets an answer
            kind = type(error).__name__
            self._failed(
                job, UnsupportedError(f"The local BigQuery endpoint failed: {kind}: {error}")
            )

    @staticmethod
    def _failed(job: Job, error: ApiError) -> None:
        job.error = error
        job.recorded = False
        job.ended_ms = None

    def record_end(self, cursor: duckdb.DuckDBPyConnection, job: Job) -> None:
        """Write the job as done, in the transaction that commits its effect."""
        job.ended_ms = now_ms()
        self._write(cursor, job)
        job.recorded = True

    def record_progress(self, cursor: duckdb.DuckDBPyConnection, job: Job) -> None:
        """Write the job as running, in the transaction that commits a part of its effect."""
        self._write(cursor, job)

    @staticmethod
    def _write(cursor: duckdb.DuckDBPyConnection, job: Job) -> None:
        cursor.execute(
            "INSERT OR REPLACE INTO _tally.jobs VALUES ($project, $job_id, $created, $resource)",
            {
                "project": job.project,
                "job_id": job.job_id,
                "created": job.created_ms,
                "resource": json.dumps(job.resource()),
            },
        )

    def live(self, project: str, job_id: str) -> Job | None:
        """Return a job of this process, or None."""
        return self._live.get((project, job_id))

    def resource(self, project: str, job_id: str) -> dict[str, Any]:
        """Return a job's resource, or raise NotFoundError."""
        job = self.live(project, job_id)
        if job is not None:
            return job.resource()
        found = self._recorded(project, job_id)
        if found is None:
            raise NotFoundError(f"Not found: Job {project}:{job_id}")
        return found

    def _recorded(self, project: str, job_id: str) -> dict[str, Any] | None:
        with self._database.cursor() as cursor:
            row = cursor.execute(
                "SELECT resource FROM _tally.jobs WHERE project = $project AND job_id = $job_id",
                {"project": project, "job_id": job_id},
            ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def all_of(self, project: str) -> list[dict[str, Any]]:
        """Return all jobs of a project, the newest first."""
        with self._database.cursor() as cursor:
            rows = cursor.execute(
                "SELECT job_id, resource FROM _tally.jobs WHERE project = $project",
                {"project": project},
            ).fetchall()
        found = {job_id: json.loads(resource) for job_id, resource in rows}
        live = [job for key, job in list(self._live.items()) if key[0] == project]
        found.update({job.job_id: job.resource() for job in live})
        return sorted(
            found.values(), key=lambda job: int(job["statistics"]["creationTime"]), reverse=True
        )

    def delete(self, project: str, job_id: str) -> None:
        """Forget a finished job's metadata; its id is free again, as on Google's service."""
        self.resource(project, job_id)
        with self._database.write() as transaction:
            transaction.cursor.execute(
                "DELETE FROM _tally.jobs WHERE project = $project AND job_id = $job_id",
                {"project": project, "job_id": job_id},
            )
        self._live.pop((project, job_id), None)

    def _forget_old_results(self) -> None:
        with self._lock:
            held = 0
            for job in reversed(self._live.values()):
                if job.result is not None:
                    held += job.result.rows.nbytes
                    if held > _KEPT_RESULT_BYTES:
                        job.result = None

    def close(self) -> None:
        """Stop what runs and wait for it."""
        for job in list(self._live.values()):
            job.stop()
        self._pool.shutdown(cancel_futures=True)


def _end_abandoned(cursor: duckdb.DuckDBPyConnection) -> None:
    rows = cursor.execute(
        "SELECT project, job_id, resource FROM _tally.jobs "
        "WHERE json_extract_string(resource, '$.status.state') <> 'DONE'"
    ).fetchall()
    for project, job_id, raw in rows:
        resource = json.loads(raw)
        resource["status"] = {"state": "DONE", "errorResult": _STOPPED, "errors": [_STOPPED]}
        resource["state"] = "DONE"
        resource["statistics"]["endTime"] = str(now_ms())
        cursor.execute(
            "UPDATE _tally.jobs SET resource = $resource "
            "WHERE project = $project AND job_id = $job_id",
            {"resource": json.dumps(resource), "project": project, "job_id": job_id},
        )
