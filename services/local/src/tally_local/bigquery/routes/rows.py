from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import InvalidError
from tally_local.bigquery.integers import whole_number
from tally_local.bigquery.jobs.partitions import partition_expression, split_decorator
from tally_local.bigquery.jobs.wire import MAX_PAGE_ROWS, bounded, page_body, row_sql
from tally_local.bigquery.routes.http import first_row, route
from tally_local.bigquery.routes.tables import table_name
from tally_local.bigquery.store.catalog import Table
from tally_local.bigquery.store.names import TableName
from tally_local.bigquery.types import BqType


def int_timestamps(request: Request) -> bool:
    """Whether the caller wants timestamps as integer microseconds."""
    return request.query_params.get("formatOptions.useInt64Timestamp", "").lower() == "true"


def max_results(request: Request) -> int:
    """Return how many rows a page may hold."""
    return min(whole_number(request.query_params, "maxResults") or MAX_PAGE_ROWS, MAX_PAGE_ROWS)


def _list(request: Request, engine: Engine, _: dict[str, Any]) -> Response:
    name = table_name(request)
    plain, partition = split_decorator(name.table)
    table = engine.catalog.table(TableName(name.project, name.dataset, plain))
    if table.is_view:
        raise InvalidError("Cannot list a table of type VIEW.")
    params = request.query_params
    start = first_row(params)
    columns = _selected(table, params.get("selectedFields"))
    where = f" WHERE {partition_expression(table, partition)} = '{partition}'" if partition else ""
    sql = row_sql(columns, int_timestamps=int_timestamps(request))
    with engine.database.cursor() as cursor:
        counted = cursor.execute(f"SELECT count(*) FROM {table.source}{where}").fetchone()
        total = int(counted[0]) if counted else 0
        rows = cursor.execute(
            f"SELECT {sql} FROM {table.source}{where} LIMIT {max_results(request)} OFFSET {start}"
        ).fetchall()
    page = bounded([row[0] for row in rows], start, total)
    token = {"pageToken": str(page.next_row)} if page.next_row is not None else {}
    head = {"kind": "bigquery#tableDataList", "totalRows": str(total), **token}
    return Response(page_body(head, page.rows), media_type="application/json")


def _selected(table: Table, wanted: str | None) -> list[tuple[str, str, BqType]]:
    names = {name.strip().lower() for name in wanted.split(",")} if wanted else None
    return [
        (item.name, table.column(item.name), item.type)
        for item in table.fields
        if names is None or item.name.lower() in names
    ]


ROWS: Final[list[Route]] = [
    route("/projects/{project}/datasets/{dataset}/tables/{table}/data", {"GET": _list})
]
