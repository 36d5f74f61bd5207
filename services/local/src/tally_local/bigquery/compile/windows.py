from __future__ import annotations

from typing import Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.aggregates import OVER, aggregate, ordering
from tally_local.bigquery.compile.call import function_name
from tally_local.bigquery.compile.context import Context, type_of, unsupported

_RANKS: Final = {
    "row_number": "row_number",
    "rank": "rank",
    "dense_rank": "dense_rank",
    "percent_rank": "percent_rank",
    "cume_dist": "cume_dist",
    "ntile": "ntile",
}
_NAVIGATION: Final = {
    "lag": "lag",
    "lead": "lead",
    "first_value": "first_value",
    "last_value": "last_value",
    "nth_value": "nth_value",
}
_BOUNDS: Final = {
    "UNBOUNDED_PRECEDING": "UNBOUNDED PRECEDING",
    "CURRENT_ROW": "CURRENT ROW",
    "UNBOUNDED_FOLLOWING": "UNBOUNDED FOLLOWING",
}


def windowed(context: Context, group: Node) -> list[tuple[int, str]]:
    """Compile the analytic functions of one group: pairs of column id and SQL."""
    keys = _partition(context, group)
    order = ordering(context, group.order_by.order_by_item_list) if group.order_by else ""
    out = []
    for item in group.analytic_function_list:
        frame = _frame(context, item.expr)
        over = f" OVER ({' '.join(part for part in (keys, order, frame) if part)})"
        sql = _function(context, item.expr).replace(OVER, over)
        out.append((int(item.column.column_id), sql))
    return out


def _partition(context: Context, group: Node) -> str:
    if group.partition_by is None:
        return ""
    keys = (context.column(ref.column.column_id) for ref in group.partition_by.partition_by_list)
    return f"PARTITION BY {', '.join(keys)}"


def _function(context: Context, node: Node) -> str:
    name = function_name(node)
    args = ", ".join(context.expr(context, argument) for argument in node.argument_list)
    if name in _RANKS:
        return f"CAST({_RANKS[name]}({args}){OVER} AS {type_of(node).duckdb})"
    if name in _NAVIGATION:
        ignore = node.enum("null_handling_modifier") == "IGNORE_NULLS"
        return f"{_NAVIGATION[name]}({args}{' IGNORE NULLS' if ignore else ''}){OVER}"
    return aggregate(context, node)


def _frame(context: Context, node: Node) -> str:
    frame = node.window_frame
    if frame is None or function_name(node) in {*_RANKS, "lag", "lead"}:
        return ""
    start, end = _bound(context, frame.start_expr), _bound(context, frame.end_expr)
    return f"{frame.enum('frame_unit')} BETWEEN {start} AND {end}"


def _bound(context: Context, bound: Node) -> str:
    kind = bound.enum("boundary_type")
    if kind in _BOUNDS:
        return _BOUNDS[kind]
    if not kind.startswith("OFFSET_"):
        raise unsupported("A window bound", kind)
    return f"{context.expr(context, bound.expression)} {kind.removeprefix('OFFSET_')}"
