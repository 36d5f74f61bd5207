from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.context import Context, Relation, type_of, unsupported
from tally_local.bigquery.compile.query import Compiled, new_context, without_nulls
from tally_local.bigquery.types import quoted

_TARGET: Final = "bq_target"
_MATCHES: Final = {
    "MATCHED": "MATCHED",
    "NOT_MATCHED_BY_TARGET": "NOT MATCHED BY TARGET",
    "NOT_MATCHED_BY_SOURCE": "NOT MATCHED BY SOURCE",
}


def compile_dml(node: Node, relations: Mapping[str, Relation]) -> Compiled:
    """Compile INSERT, UPDATE, DELETE, MERGE or TRUNCATE."""
    context = new_context(relations)
    for part in ("returning", "assert_rows_modified", "on_conflict_clause"):
        if part in _PARTS.get(node.kind, ()) and getattr(node, part) is not None:
            raise unsupported("The clause", part.upper().replace("_", " "))
    sql = _STATEMENTS[node.kind](context, node)
    return Compiled(sql, context.bindings)


_PARTS: Final = {
    "ResolvedInsertStmt": ("returning", "assert_rows_modified", "on_conflict_clause"),
    "ResolvedUpdateStmt": ("returning", "assert_rows_modified"),
    "ResolvedDeleteStmt": ("returning", "assert_rows_modified"),
}


def _target(context: Context, node: Node) -> str:
    relation = context.relations[node.table_scan.table.full_name]
    for column in node.table_scan.column_list:
        sql = relation.column(column.name).replace(
            quoted(column.name), f"{_TARGET}.{quoted(column.name)}"
        )
        context.columns[column.column_id] = sql
    return relation.source


def _stored(sql: str, column: Node) -> str:
    of = type_of(column)
    if of.element is None:
        return sql
    # A NULL array is an empty one once it is stored.
    return f"coalesce({without_nulls(sql, str(column.name))}, CAST([] AS {of.duckdb}))"


def _insert(context: Context, node: Node) -> str:
    table = context.relations[node.table_scan.table.full_name].source
    columns = node.insert_column_list
    names = ", ".join(quoted(column.name) for column in columns)
    if node.query is None:
        return f"INSERT INTO {table} ({names}) VALUES {_rows(context, node)}"
    inner = context.scan(context, node.query)
    outputs = zip(node.query_output_column_list, columns, strict=True)
    listed = (f"{_stored(context.column(out.column_id), column)}" for out, column in outputs)
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(listed)} FROM ({inner})"


def _rows(context: Context, node: Node) -> str:
    rows = (_values(context, node.insert_column_list, row.value_list) for row in node.row_list)
    return ", ".join(rows)


def _values(context: Context, columns: list[Node], values: list[Node]) -> str:
    pairs = zip(columns, values, strict=True)
    listed = (_stored(_value(context, v), c) for c, v in pairs)
    return f"({', '.join(listed)})"


def _value(context: Context, node: Node) -> str:
    if node.value.kind == "ResolvedDMLDefault":
        return "NULL"
    return context.expr(context, node.value)


def _delete(context: Context, node: Node) -> str:
    table = _target(context, node)
    return f"DELETE FROM {table} AS {_TARGET} WHERE {context.expr(context, node.where_expr)}"


def _truncate(context: Context, node: Node) -> str:
    return f"DELETE FROM {context.relations[node.table_scan.table.full_name].source}"


def _assignments(context: Context, items: list[Node]) -> str:
    parts = []
    for item in items:
        if item.target.kind != "ResolvedColumnRef" or item.set_value is None:
            raise unsupported("UPDATE of", "a nested field or array element")
        column = item.target.column
        value = _stored(_value(context, item.set_value), column)
        parts.append(f"{quoted(column.name)} = {value}")
    return ", ".join(parts)


def _update(context: Context, node: Node) -> str:
    table = _target(context, node)
    if node.from_scan is None:
        sets = _assignments(context, node.update_item_list)
        where = context.expr(context, node.where_expr)
        return f"UPDATE {table} AS {_TARGET} SET {sets} WHERE {where}"
    # As a MERGE, which fails when a row would be updated twice; UPDATE … FROM takes any of them.
    source = context.scan(context, node.from_scan)
    condition = context.expr(context, node.where_expr)
    sets = _assignments(context, node.update_item_list)
    return (
        f"MERGE INTO {table} AS {_TARGET} USING ({source}) ON {condition} "
        f"WHEN MATCHED THEN UPDATE SET {sets}"
    )


def _merge(context: Context, node: Node) -> str:
    table = _target(context, node)
    source = context.scan(context, node.from_scan)
    condition = context.expr(context, node.merge_expr)
    clauses = " ".join(_when(context, clause) for clause in node.when_clause_list)
    return (
        f"MERGE INTO {table} AS {_TARGET} USING ({source}) AS bq_source ON {condition} {clauses} "
        "RETURNING merge_action"
    )


def _when(context: Context, clause: Node) -> str:
    extra = f" AND {context.expr(context, clause.match_expr)}" if clause.match_expr else ""
    match = f"WHEN {_MATCHES[clause.enum('match_type')]}{extra} THEN"
    action = clause.enum("action_type")
    if action == "DELETE":
        return f"{match} DELETE"
    if action == "UPDATE":
        return f"{match} UPDATE SET {_assignments(context, clause.update_item_list)}"
    names = ", ".join(quoted(column.name) for column in clause.insert_column_list)
    values = _values(context, clause.insert_column_list, clause.insert_row.value_list)
    return f"{match} INSERT ({names}) VALUES {values}"


_STATEMENTS: Final = {
    "ResolvedInsertStmt": _insert,
    "ResolvedUpdateStmt": _update,
    "ResolvedDeleteStmt": _delete,
    "ResolvedMergeStmt": _merge,
    "ResolvedTruncateStmt": _truncate,
}
