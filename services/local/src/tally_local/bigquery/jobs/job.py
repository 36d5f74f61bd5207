from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb

from tally_local.bigquery.errors import ApiError, StoppedError
from tally_local.bigquery.jobs.wire import Result
from tally_local.bigquery.store.catalog import now_ms

USER: Final = "local@localhost"


@dataclass
class Job:
    """A job: what was asked, how far it is, and what came of it."""

    project: str
    job_id: str
    location: str
    configuration: dict[str, Any]
    created_ms: int = field(default_factory=now_ms)
    ended_ms: int | None = None
    statistics: dict[str, Any] = field(default_factory=dict)
    error: ApiError | None = None
    result: Result | None = None
    affected: int | None = None
    recorded: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _cursor: duckdb.DuckDBPyConnection | None = None

    @property
    def is_query(self) -> bool:
        """Whether it runs SQL."""
        return "query" in self.configuration

    def running_on(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Note where it runs, so that it can be interrupted there."""
        self._cursor = cursor

    def stop(self, patience_seconds: float = 5.0) -> None:
        """Ask it to stop, and wait a little until it has."""
        self._stopping.set()
        patient_until = time.monotonic() + patience_seconds
        # An interrupt between two statements is lost on DuckDB: say it until it is heard.
        while not self.done.wait(0.05) and time.monotonic() < patient_until:
            if self._cursor is not None:
                # The job may close its cursor just now, having come to its end.
                with contextlib.suppress(duckdb.ConnectionException):
                    self._cursor.interrupt()

    def check_stopped(self) -> None:
        """Raise Stopped if somebody cancelled it."""
        if self._stopping.is_set():
            raise StoppedError("Job execution was cancelled: User requested cancellation")

    def reference(self) -> dict[str, str]:
        """Return the jobReference."""
        return {"projectId": self.project, "jobId": self.job_id, "location": self.location}

    def resource(self) -> dict[str, Any]:
        """Return the job as the REST API states it."""
        state = "RUNNING" if self.ended_ms is None else "DONE"
        status: dict[str, Any] = {"state": state}
        if self.error is not None:
            status["errorResult"] = self.error.proto()
            status["errors"] = [self.error.proto()]
        times = {"creationTime": str(self.created_ms), "startTime": str(self.created_ms)}
        if self.ended_ms is not None:
            times["endTime"] = str(self.ended_ms)
        return {
            "kind": "bigquery#job",
            "etag": f"{self.job_id}-{state}",
            "id": f"{self.project}:{self.location}.{self.job_id}",
            "jobReference": self.reference(),
            "configuration": self.configuration,
            "status": status,
            "state": state,
            "statistics": {"totalBytesProcessed": "0", **self.statistics, **times},
            "user_email": USER,
        }
