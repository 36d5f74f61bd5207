from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.routes.http import route


def _health(_: Request, engine: Engine, __: dict[str, Any]) -> Response:
    return JSONResponse({"status": "ok", "analyzer": engine.analyzers.state})


def _projects(_: Request, engine: Engine, __: dict[str, Any]) -> Response:
    names = sorted({name.project for name in engine.catalog.datasets})
    listed = [
        {"kind": "bigquery#project", "id": n, "projectReference": {"projectId": n}} for n in names
    ]
    body = {"kind": "bigquery#projectList", "projects": listed, "totalItems": len(listed)}
    return JSONResponse(body)


def _account(request: Request, _: Engine, __: dict[str, Any]) -> Response:
    email = f"bigquery@{request.path_params['project']}.localhost"
    return JSONResponse({"kind": "bigquery#getServiceAccountResponse", "email": email})


HEALTH: Final[list[Route]] = [route("/", {"GET": _health})]
PROJECTS: Final[list[Route]] = [
    route("/projects", {"GET": _projects}),
    route("/projects/{project}/serviceAccount", {"GET": _account}),
]
