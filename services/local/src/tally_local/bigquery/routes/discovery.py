"""The discovery document from which the `bq` command learns what it may call."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.routes.http import route

_PAGES: Final = ("maxResults", "pageToken")
_DATASET: Final = "projects/{+projectId}/datasets/{+datasetId}"
_TABLE: Final = _DATASET + "/tables/{+tableId}"
_RESULTS: Final = (
    *_PAGES, "startIndex", "timeoutMs", "location", "formatOptions.useInt64Timestamp",
    "formatOptions.timestampOutputFormat",
)  # fmt: skip
# (resource, method, HTTP method, path, query parameters); POST, PUT and PATCH take a body.
_METHODS: Final[tuple[tuple[str, str, str, str, tuple[str, ...]], ...]] = (
    ("projects", "list", "GET", "projects", _PAGES),
    ("projects", "getServiceAccount", "GET", "projects/{+projectId}/serviceAccount", ()),
    ("datasets", "list", "GET", "projects/{+projectId}/datasets", (*_PAGES, "all", "filter")),
    ("datasets", "insert", "POST", "projects/{+projectId}/datasets", ("accessPolicyVersion",)),
    ("datasets", "get", "GET", _DATASET, ("datasetView", "accessPolicyVersion")),
    ("datasets", "patch", "PATCH", _DATASET, ("updateMode", "accessPolicyVersion")),
    ("datasets", "update", "PUT", _DATASET, ("updateMode", "accessPolicyVersion")),
    ("datasets", "delete", "DELETE", _DATASET, ("deleteContents",)),
    ("tables", "list", "GET", _DATASET + "/tables", _PAGES),
    ("tables", "insert", "POST", _DATASET + "/tables", ()),
    ("tables", "get", "GET", _TABLE, ("selectedFields", "view")),
    ("tables", "patch", "PATCH", _TABLE, ("autodetect_schema",)),
    ("tables", "update", "PUT", _TABLE, ("autodetect_schema",)),
    ("tables", "delete", "DELETE", _TABLE, ()),
    ("tabledata", "list", "GET", _TABLE + "/data", (*_RESULTS, "selectedFields")),
    ("tabledata", "insertAll", "POST", _TABLE + "/insertAll", ()),
    ("jobs", "list", "GET", "projects/{+projectId}/jobs", (
        *_PAGES, "allUsers", "projection", "stateFilter", "minCreationTime", "maxCreationTime",
        "parentJobId",
    )),
    ("jobs", "insert", "POST", "projects/{+projectId}/jobs", ()),
    ("jobs", "get", "GET", "projects/{+projectId}/jobs/{+jobId}", ("location",)),
    ("jobs", "cancel", "POST", "projects/{+projectId}/jobs/{+jobId}/cancel", ("location",)),
    ("jobs", "delete", "DELETE", "projects/{+projectId}/jobs/{+jobId}/delete", ("location",)),
    ("jobs", "query", "POST", "projects/{+projectId}/queries", ()),
    ("jobs", "getQueryResults", "GET", "projects/{+projectId}/queries/{+jobId}", _RESULTS),
    ("models", "list", "GET", _DATASET + "/models", _PAGES),
    ("routines", "list", "GET", _DATASET + "/routines", (*_PAGES, "filter")),
)  # fmt: skip
_REPEATED: Final = {"stateFilter"}
_UPLOAD: Final[dict[str, Any]] = {
    "accept": ["*/*"],
    "protocols": {
        "simple": {"multipart": True, "path": "/upload/bigquery/v2/projects/{+projectId}/jobs"},
        "resumable": {
            "multipart": True,
            "path": "/resumable/upload/bigquery/v2/projects/{+projectId}/jobs",
        },
    },
}
_TEXT: Final = {"type": "string"}
_OBJECT: Final = {"$ref": "Object"}


def _method(name: tuple[str, str], verb: str, path: str, query: tuple[str, ...]) -> dict[str, Any]:
    in_path = [part[2:-1] for part in path.split("/") if part.startswith("{+")]
    parameters: dict[str, Any] = {
        key: {**_TEXT, "location": "path", "required": True} for key in in_path
    }
    for key in query:
        parameters[key] = {**_TEXT, "location": "query", "repeated": key in _REPEATED}
    out: dict[str, Any] = {
        "id": f"bigquery.{'.'.join(name)}",
        "path": path,
        "httpMethod": verb,
        "parameters": parameters,
        "parameterOrder": in_path,
    }
    if verb != "DELETE":
        out["response"] = _OBJECT
    if verb in {"POST", "PUT", "PATCH"} and name != ("jobs", "cancel"):
        out["request"] = _OBJECT
    if name == ("jobs", "insert"):
        out |= {"mediaUpload": _UPLOAD, "supportsMediaUpload": True}
    return out


def document(root: str) -> dict[str, Any]:
    """Return the discovery document of an endpoint at this URL, which ends with a slash."""
    resources: dict[str, Any] = {}
    for resource, method, verb, path, query in _METHODS:
        methods = resources.setdefault(resource, {"methods": {}})["methods"]
        methods[method] = _method((resource, method), verb, path, query)
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "bigquery:v2",
        "name": "bigquery",
        "version": "v2",
        "title": "The local BigQuery endpoint",
        "protocol": "rest",
        "rootUrl": root,
        "servicePath": "bigquery/v2/",
        "baseUrl": f"{root}bigquery/v2/",
        "basePath": "/bigquery/v2/",
        "batchPath": "batch/bigquery/v2",
        "parameters": {
            key: {**_TEXT, "location": "query"} for key in ("alt", "fields", "key", "prettyPrint")
        },
        "schemas": {
            "Object": {"id": "Object", "type": "object", "properties": {"nextPageToken": _TEXT}}
        },
        "resources": resources,
    }


def _get(request: Request, _: Engine, __: dict[str, Any]) -> Response:
    return JSONResponse(document(str(request.base_url)))


DISCOVERY: Final[list[Route]] = [
    route("/$discovery/rest", {"GET": _get}),
    route("/discovery/v1/apis/bigquery/v2/rest", {"GET": _get}),
]
