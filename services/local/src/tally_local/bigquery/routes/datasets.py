from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import DuplicateError, InUseError, InvalidError
from tally_local.bigquery.routes.http import etag, paged, refuse, route
from tally_local.bigquery.store.catalog import now_ms
from tally_local.bigquery.store.names import DatasetName

_SETTABLE: Final[tuple[str, ...]] = (
    "access", "description", "friendlyName", "labels", "defaultTableExpirationMs",
    "defaultPartitionExpirationMs", "maxTimeTravelHours", "storageBillingModel",
)  # fmt: skip


def _name(request: Request) -> DatasetName:
    return DatasetName(request.path_params["project"], request.path_params["dataset"])


def _resource(name: DatasetName, kept: dict[str, Any]) -> dict[str, Any]:
    out = {
        "kind": "bigquery#dataset",
        "id": str(name),
        "datasetReference": name.json(),
        "type": "DEFAULT",
        **kept,
    }
    return {**out, "etag": etag(out)}


def _list(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    project = request.path_params["project"]
    names = sorted(name for name in engine.catalog.datasets if name.project == project)
    items, token = paged(names, request.query_params)
    datasets = [
        {
            "kind": "bigquery#dataset",
            "id": str(name),
            "datasetReference": name.json(),
            "location": engine.catalog.datasets[name]["location"],
            "labels": engine.catalog.datasets[name].get("labels") or {},
        }
        for name in items
    ]
    return JSONResponse({"kind": "bigquery#datasetList", "datasets": datasets, **token})


def _insert(request: Request, engine: Engine, body: dict[str, Any]) -> Response:
    reference = body.get("datasetReference") or {}
    if not reference.get("datasetId"):
        raise InvalidError("Required parameter is missing: datasetReference")
    project = request.path_params["project"]
    name = DatasetName(str(reference.get("projectId") or project), str(reference["datasetId"]))
    kept = {key: body[key] for key in _SETTABLE if body.get(key) is not None}
    kept["location"] = str(body.get("location") or engine.location)
    kept["creationTime"] = kept["lastModifiedTime"] = str(now_ms())
    with engine.database.write() as transaction:
        if name.checked() in engine.catalog.datasets:
            raise DuplicateError(f"Already Exists: Dataset {name}")
        engine.catalog.put_dataset(transaction, name, kept)
    return JSONResponse(_resource(name, kept))


def _get(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    name = _name(request)
    return JSONResponse(_resource(name, engine.catalog.dataset(name)))


def _patch(request: Request, engine: Engine, body: dict[str, Any]) -> Response:
    name = _name(request)
    with engine.database.write() as transaction:
        kept = dict(engine.catalog.dataset(name))
        changes = {key: body[key] for key in _SETTABLE if key in body}
        kept = {k: v for k, v in {**kept, **changes}.items() if v is not None}
        kept["lastModifiedTime"] = str(now_ms())
        engine.catalog.put_dataset(transaction, name, kept)
    return JSONResponse(_resource(name, kept))


def _delete(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    name = _name(request)
    with engine.database.write() as transaction:
        engine.catalog.dataset(name)
        contents = request.query_params.get("deleteContents", "").lower() == "true"
        if engine.catalog.tables_of(name) and not contents:
            raise InUseError(f"Dataset {name} is still in use")
        engine.catalog.drop_dataset(transaction, name)
    return Response(status_code=204)


_BASE: Final = "/projects/{project}/datasets"
DATASETS: Final[list[Route]] = [
    route(_BASE, {"GET": _list, "POST": _insert}),
    route(_BASE + "/{dataset}", {"GET": _get, "PATCH": _patch, "PUT": _patch, "DELETE": _delete}),
    route(_BASE + "/{dataset}/models", {"GET": lambda *_: JSONResponse({"models": []})}),
    route(
        _BASE + "/{dataset}/routines",
        {"GET": lambda *_: JSONResponse({"routines": []}), "POST": refuse("A routine")},
    ),
]
