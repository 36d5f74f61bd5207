from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import NotFoundError, from_proto
from tally_local.bigquery.integers import whole_number
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.jobs.wire import Result, page_body
from tally_local.bigquery.routes.http import first_row, route
from tally_local.bigquery.routes.jobs import new_job
from tally_local.bigquery.routes.rows import int_timestamps, max_results
from tally_local.bigquery.script.submit import dry_run, submit_query

_DEFAULT_WAIT_MS: Final = 10_000
_REQUEST_ID_SECONDS: Final = 15 * 60
_NOT_OF_THE_QUERY: Final = {
    "kind", "timeoutMs", "maxResults", "requestId", "formatOptions", "location", "dryRun",
    "labels", "jobCreationMode", "maximumBytesBilled", "jobTimeoutMs",
}  # fmt: skip


class RecentRequests:
    """The jobs that jobs.query began lately, by requestId: a repeated request joins its job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], tuple[float, Job]] = OrderedDict()

    def once(self, project: str, request_id: str | None, job: Job) -> Job:
        """Return the job that this request already began, or note the given one as its job."""
        if not request_id:
            return job
        now = time.monotonic()
        with self._lock:
            while self._seen and now - next(iter(self._seen.values()))[0] > _REQUEST_ID_SECONDS:
                self._seen.popitem(last=False)
            return self._seen.setdefault((project, request_id), (now, job))[1]

    def forget(self, project: str, request_id: str | None) -> None:
        """Forget a request that began no job after all."""
        with self._lock:
            self._seen.pop((project, request_id or ""), None)


def _query(request: Request, engine: Engine, body: dict[str, Any]) -> Response:
    patience_ms = whole_number(body, "timeoutMs") or _DEFAULT_WAIT_MS
    rows = whole_number(body, "maxResults")
    count = max_results(request) if rows is None else rows
    configuration: dict[str, Any] = {
        "query": {key: value for key, value in body.items() if key not in _NOT_OF_THE_QUERY}
    }
    # The REST API's own default; every client of today sends false.
    configuration["query"].setdefault("useLegacySql", True)
    if body.get("labels"):
        configuration["labels"] = body["labels"]
    reference = {"location": body.get("location")}
    described = {"configuration": configuration, "jobReference": reference}
    fresh = new_job(request, engine, described)
    if body.get("dryRun"):
        return _dry(engine, fresh)
    recent: RecentRequests = request.state.recent
    job = recent.once(fresh.project, body.get("requestId"), fresh)
    if job is fresh:
        try:
            submit_query(engine, job)
        except BaseException:
            recent.forget(fresh.project, body.get("requestId"))
            raise
    job.done.wait(patience_ms / 1000)
    options = body.get("formatOptions") or {}
    ints = bool(options.get("useInt64Timestamp"))
    return _answer(engine, job, 0, count, ints=ints, kind="bigquery#queryResponse")


def _dry(engine: Engine, job: Job) -> Response:
    resource = dry_run(engine, job)
    schema = resource["statistics"]["query"].get("schema")
    described = {"schema": schema} if schema else {}
    return JSONResponse(
        {
            "kind": "bigquery#queryResponse",
            "jobComplete": True,
            "totalBytesProcessed": "0",
            "jobReference": {"projectId": job.project, "location": job.location},
            **described,
        }
    )


def _results(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    project, job_id = request.path_params["project"], request.path_params["job"]
    params = request.query_params
    timeout = whole_number(params, "timeoutMs")
    wanted = whole_number(params, "maxResults")
    count = max_results(request) if wanted is None else wanted
    start = first_row(params)
    job = engine.registry.live(project, job_id)
    if job is None:
        return _past(engine, project, job_id)
    job.done.wait((_DEFAULT_WAIT_MS if timeout is None else timeout) / 1000)
    kind = "bigquery#getQueryResultsResponse"
    return _answer(engine, job, start, count, ints=int_timestamps(request), kind=kind)


def _past(engine: Engine, project: str, job_id: str) -> Response:
    resource = engine.registry.resource(project, job_id)
    failure = resource["status"].get("errorResult")
    if failure:
        raise from_proto(failure)
    stats = resource["statistics"].get("query", {})
    if "schema" in stats:
        raise NotFoundError(f"Not found: the results of job {project}:{job_id} are no longer kept")
    head = _head(resource["jobReference"], stats)
    return JSONResponse({**head, "totalRows": "0"})


def _head(reference: dict[str, str], stats: dict[str, Any]) -> dict[str, Any]:
    kept: tuple[str, ...] = ("numDmlAffectedRows", "dmlStats")
    counts = {key: stats[key] for key in kept if key in stats}
    return {
        "jobReference": reference,
        "jobComplete": True,
        "cacheHit": False,
        "totalBytesProcessed": "0",
        **counts,
    }


def _answer(engine: Engine, job: Job, start: int, count: int, *, ints: bool, kind: str) -> Response:
    if not job.done.is_set():
        return JSONResponse({"kind": kind, "jobReference": job.reference(), "jobComplete": False})
    if job.error is not None:
        raise job.error
    stats = job.statistics.get("query", {})
    head = {"kind": kind, **_head(job.reference(), stats)}
    if job.result is None:
        if "schema" in stats:
            raise NotFoundError(f"Not found: the results of job {job.job_id} are no longer kept")
        return JSONResponse({**head, "totalRows": "0", "schema": {"fields": []}})
    return _rows(engine, job.result, head, start, count, ints=ints)


def _rows(
    engine: Engine, result: Result, head: dict[str, Any], start: int, count: int, *, ints: bool
) -> Response:
    head |= {"schema": result.schema(), "totalRows": str(result.rows.num_rows)}
    if count == 0:
        return JSONResponse(head)
    page = engine.pager.page(result, start, count, int_timestamps=ints)
    if page.next_row is not None:
        head["pageToken"] = str(page.next_row)
    return Response(page_body(head, page.rows), media_type="application/json")


_BASE: Final = "/projects/{project}/queries"
QUERIES: Final[list[Route]] = [
    route(_BASE, {"POST": _query}),
    route(_BASE + "/{job}", {"GET": _results}),
]
