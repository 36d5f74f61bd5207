from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tally_local.bigquery.compile.query import compile_query
from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import (
    ConflictError,
    InvalidError,
    InvalidQueryError,
    UnsupportedError,
)
from tally_local.bigquery.jobs.partitions import partition_expression, split_decorator
from tally_local.bigquery.routes.http import etag, paged, refuse, route
from tally_local.bigquery.routes.schema_change import changed_schema
from tally_local.bigquery.script.names import Resolver
from tally_local.bigquery.store.catalog import Table, now_ms
from tally_local.bigquery.store.names import DatasetName, TableName
from tally_local.bigquery.types import schema_json

_SETTABLE: Final[tuple[str, ...]] = (
    "description", "friendlyName", "labels", "expirationTime", "requirePartitionFilter",
    "timePartitioning", "clustering", "view",
)  # fmt: skip
_REFUSED: Final = (
    "rangePartitioning", "externalDataConfiguration", "materializedView", "snapshotDefinition",
    "encryptionConfiguration", "tableConstraints",
)  # fmt: skip


def table_name(request: Request) -> TableName:
    """Return the table that the path names."""
    params = request.path_params
    return TableName(params["project"], params["dataset"], params["table"])


def _resource(engine: Engine, table: Table) -> dict[str, Any]:
    out = {
        "kind": "bigquery#table",
        "id": str(table.name),
        "tableReference": table.name.json(),
        "type": "VIEW" if table.is_view else "TABLE",
        "location": engine.catalog.dataset(table.name.parent)["location"],
        **table.resource,
    }
    return {**out, "etag": etag(out)}


def _sized(engine: Engine, table: Table) -> dict[str, Any]:
    out = _resource(engine, table)
    if table.is_view:
        return out
    with engine.database.cursor() as cursor:
        row = cursor.execute(f"SELECT count(*) FROM {table.source}").fetchone()
    count = int(row[0]) if row else 0
    return {**out, "numRows": str(count), "numBytes": "0", "numLongTermBytes": "0"}


def _list(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    name = DatasetName(request.path_params["project"], request.path_params["dataset"])
    engine.catalog.dataset(name)
    tables = engine.catalog.tables_of(name)
    items, token = paged(tables, request.query_params)
    listed = [_listed(engine, table) for table in items]
    total = {"totalItems": len(tables)}
    return JSONResponse({"kind": "bigquery#tableList", "tables": listed, **total, **token})


def _listed(engine: Engine, table: Table) -> dict[str, Any]:
    kept = (
        "kind", "id", "tableReference", "type", "timePartitioning", "clustering", "labels",
        "creationTime", "expirationTime", "view", "friendlyName",
    )  # fmt: skip
    resource = _resource(engine, table)
    return {key: resource[key] for key in kept if key in resource}


def _insert(request: Request, engine: Engine, body: dict[str, Any]) -> Response:
    reference = body.get("tableReference") or {}
    if not reference.get("tableId"):
        raise InvalidError("Required parameter is missing: tableReference")
    for key in _REFUSED:
        if body.get(key):
            raise UnsupportedError(f"{key} of a table is not supported here")
    project, dataset = request.path_params["project"], request.path_params["dataset"]
    name = TableName(project, dataset, str(reference["tableId"]))
    if body.get("view"):
        body["schema"] = _view_schema(engine, project, body["view"])
    _check_partitioning(body)
    with engine.database.write() as transaction:
        table = engine.catalog.create_table(transaction, name, body)
    return JSONResponse(_sized(engine, table))


def _view_schema(engine: Engine, project: str, view: Mapping[str, Any]) -> dict[str, Any]:
    if view.get("useLegacySql") is True:
        raise InvalidError("Legacy SQL is not supported here: set useLegacySql to false")
    resolver = Resolver(engine.analyzers.get(), engine.catalog, project, None)
    resolved = resolver.resolve(str(view.get("query") or ""), {})
    if resolved.node.kind != "ResolvedQueryStmt":
        raise InvalidQueryError("A view's query must be a SELECT statement")
    return {"fields": schema_json(compile_query(resolved.node, resolved.relations).columns)}


def _check_partitioning(body: Mapping[str, Any]) -> None:
    part = body.get("timePartitioning")
    if not part:
        return
    if "field" not in part:
        raise UnsupportedError("Tables partitioned by ingestion time are not supported here")
    fields = {f["name"].lower(): f for f in (body.get("schema") or {}).get("fields") or []}
    found = fields.get(str(part["field"]).lower())
    if found is None or str(found["type"]).upper() not in {"DATE", "TIMESTAMP", "DATETIME"}:
        raise InvalidError(
            "The field specified for partitioning cannot be found in the schema, or is not of "
            f"type DATE, TIMESTAMP or DATETIME: {part['field']}"
        )


def _get(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    name = table_name(request)
    plain, partition = split_decorator(name.table)
    table = engine.catalog.table(TableName(name.project, name.dataset, plain))
    if partition is not None:
        partition_expression(table, partition)
    return JSONResponse(_sized(engine, table))


def _patch(request: Request, engine: Engine, body: dict[str, Any]) -> Response:
    with engine.database.write() as transaction:
        table = engine.catalog.table(table_name(request))
        expected = request.headers.get("if-match")
        if expected is not None and expected != _resource(engine, table)["etag"]:
            raise ConflictError("Precondition check failed.")
        changes = {key: body[key] for key in _SETTABLE if key in body}
        if "view" in changes:
            project = request.path_params["project"]
            changes["schema"] = _view_schema(engine, project, changes["view"])
        elif body.get("schema"):
            changes["schema"] = changed_schema(transaction, table, body["schema"])
        merged = {**table.resource, **changes, "lastModifiedTime": str(now_ms())}
        table = table.with_resource({k: v for k, v in merged.items() if v is not None})
        engine.catalog.put_table(transaction, table)
    return JSONResponse(_sized(engine, table))


def _delete(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    name = table_name(request)
    plain, partition = split_decorator(name.table)
    with engine.database.write() as transaction:
        table = engine.catalog.table(TableName(name.project, name.dataset, plain))
        if partition is None:
            engine.catalog.drop_table(transaction, table.name)
        else:
            where = f"{partition_expression(table, partition)} = '{partition}'"
            transaction.cursor.execute(f"DELETE FROM {table.source} WHERE {where}")
    return Response(status_code=204)


_BASE: Final = "/projects/{project}/datasets/{dataset}/tables"
TABLES: Final[list[Route]] = [
    route(_BASE, {"GET": _list, "POST": _insert}),
    route(_BASE + "/{table}", {"GET": _get, "PATCH": _patch, "PUT": _patch, "DELETE": _delete}),
    route(_BASE + "/{table}/insertAll", {"POST": refuse("Streaming insert (tabledata.insertAll)")}),
]
