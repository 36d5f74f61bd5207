from __future__ import annotations

import uuid
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import InvalidError, UnsupportedError
from tally_local.bigquery.integers import whole_number
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.routes.http import paged, route
from tally_local.bigquery.script.submit import dry_run, submit_query

# Long enough that small jobs answer as done, and the caller need not ask again.
_PATIENCE_SECONDS: Final = 5.0


def new_job(request: Request, engine: Engine, body: dict[str, Any]) -> Job:
    """Return the job that a request describes, not yet begun."""
    project = request.path_params["project"]
    reference = body.get("jobReference") or {}
    configuration = body.get("configuration")
    if not isinstance(configuration, dict):
        raise InvalidError("Required parameter is missing: configuration")
    job_id = str(reference.get("jobId") or f"job_{uuid.uuid4().hex}")
    if len(job_id) > 1024 or not job_id.replace("-", "").replace("_", "").isalnum():  # noqa: PLR2004 - BigQuery's limit
        raise InvalidError(f'Invalid job ID "{job_id}".')
    location = str(reference.get("location") or engine.location)
    configuration["jobType"] = _kind(configuration)
    return Job(str(reference.get("projectId") or project), job_id, location, configuration)


def _kind(configuration: dict[str, Any]) -> str:
    for kind in ("query", "load", "copy", "extract"):
        if kind in configuration:
            return kind.upper()
    raise InvalidError("A job's configuration needs one of query, load, copy and extract")


def _insert(request: Request, engine: Engine, body: dict[str, Any]) -> Response:
    job = new_job(request, engine, body)
    kind = job.configuration["jobType"]
    if kind == "LOAD" and job.configuration["load"].get("sourceUris"):
        raise UnsupportedError(
            "Loading from sourceUris (gs://) is not supported here: upload the file"
        )
    if kind != "QUERY":
        raise UnsupportedError(f"Jobs of type {kind} are not supported here")
    if job.configuration.get("dryRun"):
        return JSONResponse(dry_run(engine, job))
    submit_query(engine, job)
    job.done.wait(_PATIENCE_SECONDS)
    return JSONResponse(job.resource())


def _get(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    params = request.path_params
    return JSONResponse(engine.registry.resource(params["project"], params["job"]))


def _list(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    wanted = _wanted(engine.registry.all_of(request.path_params["project"]), request.query_params)
    items, token = paged(wanted, request.query_params)
    listed = [_listed(job) for job in items]
    return JSONResponse({"kind": "bigquery#jobList", "jobs": listed, **token})


def _wanted(jobs: list[dict[str, Any]], params: QueryParams) -> list[dict[str, Any]]:
    earliest = whole_number(params, "minCreationTime") or 0
    latest = whole_number(params, "maxCreationTime")
    if params.get("parentJobId"):
        # A script here runs its statements in its own job: nothing has children.
        return []
    states = {state.upper() for state in params.getlist("stateFilter")}
    return [
        job
        for job in jobs
        if not states or job["status"]["state"] in states
        if earliest <= int(job["statistics"]["creationTime"])
        if latest is None or int(job["statistics"]["creationTime"]) <= latest
    ]


def _listed(job: dict[str, Any]) -> dict[str, Any]:
    failure = job["status"].get("errorResult")
    return {**job, **({"errorResult": failure} if failure else {})}


def _cancel(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    project, job_id = request.path_params["project"], request.path_params["job"]
    job = engine.registry.live(project, job_id)
    if job is not None:
        job.stop()
    resource = engine.registry.resource(project, job_id)
    return JSONResponse({"kind": "bigquery#jobCancelResponse", "job": resource})


def _delete(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    engine.registry.delete(request.path_params["project"], request.path_params["job"])
    return Response(status_code=204)


_BASE: Final = "/projects/{project}/jobs"
JOBS: Final[list[Route]] = [
    route(_BASE, {"GET": _list, "POST": _insert}),
    route(_BASE + "/{job}", {"GET": _get, "DELETE": _delete}),
    route(_BASE + "/{job}/cancel", {"POST": _cancel}),
    route(_BASE + "/{job}/delete", {"DELETE": _delete}),
]
