"""Refuses a query that reads a table without the partition filter which the table requires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tally_local.bigquery.analyzer.node import Node, walk
from tally_local.bigquery.compile.call import function_name
from tally_local.bigquery.errors import InvalidQueryError

_COMPARISONS: Final = {
    "$equal", "$less", "$less_or_equal", "$greater", "$greater_or_equal", "$between", "$in",
    "$in_array", "$is_null", "$not_equal",
}  # fmt: skip
# Functions through which BigQuery still sees the partition.
_THROUGH: Final = {
    "date", "timestamp", "datetime", "date_trunc", "timestamp_trunc", "datetime_trunc",
    "date_add", "date_sub", "timestamp_add", "timestamp_sub", "$extract_date",
}  # fmt: skip


def require_partition_filters(node: Node, relations: Mapping[str, Any]) -> None:
    """Raise InvalidQueryError for the first scan that lacks its filter."""
    needed = _needed(node, relations)
    if not needed:
        return
    filtered = set(_filtered(node))
    for column_id, (table, column) in needed.items():
        if column_id not in filtered:
            raise InvalidQueryError(
                f"Cannot query over table '{table}' without a filter over column(s) '{column}' "
                "that can be used for partition elimination"
            )


def _needed(node: Node, relations: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    out: dict[int, tuple[str, str]] = {}
    for scan in walk(node):
        if scan.kind != "ResolvedTableScan":
            continue
        name = scan.table.full_name
        column = getattr(relations.get(name), "partition_filter", None)
        if column is not None and not _only_written(node, scan):
            out[_column_id(scan, column)] = (name, column)
    return out


def _only_written(statement: Node, scan: Node) -> bool:
    # An INSERT or a TRUNCATE does not read its target.
    if statement.kind not in {"ResolvedInsertStmt", "ResolvedTruncateStmt"}:
        return False
    return bool(statement.raw("table_scan") == scan.message)


def _column_id(scan: Node, column: str) -> int:
    for item in scan.column_list:
        if item.name.lower() == column.lower():
            return int(item.column_id)
    # Pruned away: nothing refers to the column, so nothing can filter by it.
    return -1


def _filtered(node: Node) -> Iterator[int]:
    for part in walk(node):
        if part.kind == "ResolvedJoinScan":
            yield from _joined(part)
        elif part.kind in _CONDITIONS:
            condition = getattr(part, _CONDITIONS[part.kind])
            yield from _columns(condition) if condition is not None else ()


_CONDITIONS: Final = {
    "ResolvedFilterScan": "filter_expr",
    "ResolvedDeleteStmt": "where_expr",
    "ResolvedUpdateStmt": "where_expr",
    "ResolvedMergeStmt": "merge_expr",
}


def _joined(join: Node) -> set[int]:
    # An outer join's condition drops no row of the side that it keeps whole.
    if join.join_expr is None:
        return set()
    kind = join.enum("join_type")
    sides = {
        "INNER": (join.left_scan, join.right_scan),
        "LEFT": (join.right_scan,),
        "RIGHT": (join.left_scan,),
    }.get(kind, ())
    given = {int(column.column_id) for side in sides for column in side.column_list}
    return _columns(join.join_expr) & given


def _columns(condition: Node) -> set[int]:
    """Return the columns by which a condition restricts partitions."""
    if condition.kind != "ResolvedFunctionCall":
        return set()
    name = function_name(condition)
    args = condition.argument_list
    if name == "$and":
        return set().union(*(_columns(arg) for arg in args))
    if name == "$or":
        return set.intersection(*(_columns(arg) for arg in args))
    if name == "$not":
        return _columns(args[0])
    if name not in _COMPARISONS:
        return set()
    return _compared(args)


def _compared(args: list[Node]) -> set[int]:
    columns = [found for arg in args if (found := _column_of(arg)) is not None]
    others = [arg for arg in args if _column_of(arg) is None]
    if len(columns) != 1 or not all(_constant(arg) for arg in others):
        return set()
    return set(columns)


def _column_of(node: Node) -> int | None:
    if node.kind == "ResolvedColumnRef":
        return int(node.column.column_id)
    if node.kind == "ResolvedCast":
        return _column_of(node.expr)
    if node.kind == "ResolvedFunctionCall" and function_name(node) in _THROUGH:
        return _column_of(node.argument_list[0]) if node.argument_list else None
    return None


def _constant(node: Node) -> bool:
    # A subquery's value is known only once it has run: too late to choose partitions.
    moving = {"ResolvedColumnRef", "ResolvedSubqueryExpr"}
    return all(part.kind not in moving for part in walk(node))
