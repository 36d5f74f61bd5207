from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.aggregates import OVER, aggregate, ordering
from tally_local.bigquery.compile.context import Context, children_of, unsupported
from tally_local.bigquery.compile.windows import windowed
from tally_local.bigquery.types import quoted

_JOINS: Final = {"INNER": "INNER", "LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}
_SETS: Final = {
    "UNION_ALL": "UNION ALL",
    "UNION_DISTINCT": "UNION",
    "INTERSECT_DISTINCT": "INTERSECT",
    "EXCEPT_DISTINCT": "EXCEPT",
}


@dataclass
class Ordered:
    """A scan whose order counts: its rows, what is computed from them, and the ordering clause.

    Kept apart so that the ORDER BY always stands in the very SELECT that gives the rows out:
    the order of a subquery binds nobody.
    """

    body: str
    tail: str = ""
    computed: dict[int, str] = field(default_factory=dict)

    def column(self, context: Context, column_id: int) -> str:
        """Return the SQL of one output column."""
        return self.computed.get(column_id, context.column(column_id))


def ordered(context: Context, node: Node) -> Ordered:
    """Compile a scan, keeping its order if it has one."""
    if node.kind == "ResolvedOrderByScan":
        inner = context.scan(context, node.input_scan)
        return Ordered(inner, ordering(context, node.order_by_item_list))
    if node.kind == "ResolvedLimitOffsetScan":
        return _limit(context, node)
    if node.kind == "ResolvedProjectScan" and node.is_ordered:
        out = ordered(context, node.input_scan)
        for item in node.expr_list:
            out.computed[item.column.column_id] = _over(context, out, item.expr)
        return out
    return Ordered(context.scan(context, node))


def _over(context: Context, rows: Ordered, node: Node) -> str:
    hidden = {key: context.columns.get(key) for key in rows.computed}
    context.columns.update({key: f"({sql})" for key, sql in rows.computed.items()})
    sql = context.expr(context, node)
    for key, before in hidden.items():
        if before is None:
            del context.columns[key]
        else:
            context.columns[key] = before
    return sql


def _limit(context: Context, node: Node) -> Ordered:
    out = ordered(context, node.input_scan)
    if " LIMIT " in out.tail:
        out = Ordered(_given_out(context, node.input_scan, out))
    out.tail += f" LIMIT {context.expr(context, node.limit)}" if node.limit else ""
    if node.offset is not None:
        out.tail += f" OFFSET {context.expr(context, node.offset)}"
    return out


def _given_out(context: Context, node: Node, rows: Ordered) -> str:
    return f"SELECT {_listed(context, node, rows.computed)} FROM ({rows.body}){rows.tail}"


def _listed(context: Context, node: Node, computed: dict[int, str]) -> str:
    ids = dict.fromkeys(int(column.column_id) for column in node.column_list)
    items = (f"{computed.get(i, context.column(i))} AS c{i}" for i in ids)
    return ", ".join(items) or "1 AS one"


def array(context: Context, node: Node) -> str:
    """Compile an ARRAY(subquery); it keeps the subquery's order and is never NULL."""
    rows = ordered(context, node)
    column = rows.column(context, node.column_list[0].column_id)
    return f"ARRAY(SELECT {column} FROM ({rows.body}){rows.tail})"


def scan(context: Context, node: Node) -> str:
    """Compile a resolved scan to a SELECT that gives each column under `c` and its id."""
    if node.kind not in _KINDS:
        raise unsupported("The clause", node.kind.removeprefix("Resolved"))
    return _KINDS[node.kind](context, node)


def _single_row(_: Context, __: Node) -> str:
    return "SELECT 1 AS one"


def _table(context: Context, node: Node) -> str:
    if node.for_system_time_expr is not None:
        raise unsupported("The clause", "FOR SYSTEM_TIME AS OF")
    relation = context.relations[node.table.full_name]
    columns = node.column_list
    items = (f"{relation.column(c.name)} AS c{c.column_id}" for c in columns)
    return f"SELECT {', '.join(items) or '1 AS one'} FROM {relation.source}"


def _project(context: Context, node: Node) -> str:
    if node.is_ordered:
        return _given_out(context, node, ordered(context, node))
    inner = scan(context, node.input_scan)
    computed = {int(i.column.column_id): context.expr(context, i.expr) for i in node.expr_list}
    return f"SELECT {_listed(context, node, computed)} FROM ({inner})"


def _filter(context: Context, node: Node) -> str:
    inner = scan(context, node.input_scan)
    return f"SELECT * FROM ({inner}) WHERE {context.expr(context, node.filter_expr)}"


def _join(context: Context, node: Node) -> str:
    left, right = scan(context, node.left_scan), scan(context, node.right_scan)
    lateral = "LATERAL " if node.is_lateral else ""
    if node.join_expr is None:
        return f"SELECT * FROM ({left}) CROSS JOIN {lateral}({right})"
    kind = _JOINS[node.enum("join_type")]
    condition = context.expr(context, node.join_expr)
    return f"SELECT * FROM ({left}) {kind} JOIN {lateral}({right}) ON {condition}"


def _array_scan(context: Context, node: Node) -> str:
    if len(node.array_expr_list) > 1:
        raise unsupported("UNNEST of", "several arrays")
    array_sql = context.expr(context, node.array_expr_list[0])
    elements = f"SELECT unnest({array_sql}) AS c{node.element_column_list[0].column_id}"
    if node.array_offset_column is not None:
        offset = f"unnest(range(len({array_sql})))"
        elements += f", {offset} AS c{node.array_offset_column.column.column_id}"
    if node.input_scan is None:
        return elements
    if node.join_expr is not None:
        condition = context.expr(context, node.join_expr)
        elements = f"SELECT * FROM ({elements}) WHERE {condition}"
    join = "LEFT" if node.is_outer else "INNER"
    return (
        f"SELECT * FROM ({scan(context, node.input_scan)}) {join} JOIN LATERAL ({elements}) ON TRUE"
    )


def _aggregate(context: Context, node: Node) -> str:
    if children_of(node, "grouping_set_list") or children_of(node, "rollup_column_list"):
        raise unsupported("The clause", "GROUP BY ROLLUP, CUBE or GROUPING SETS")
    groups = node.group_by_list
    items = [f"{context.expr(context, g.expr)} AS c{g.column.column_id}" for g in groups]
    for item in node.aggregate_list:
        sql = aggregate(context, item.expr).replace(OVER, "")
        items.append(f"{sql} AS c{item.column.column_id}")
    keys = f" GROUP BY {', '.join(str(i + 1) for i in range(len(groups)))}" if groups else ""
    return f"SELECT {', '.join(items) or '1 AS one'} FROM ({scan(context, node.input_scan)}){keys}"


def _analytic(context: Context, node: Node) -> str:
    inner = scan(context, node.input_scan)
    pairs = [pair for group in node.function_group_list for pair in windowed(context, group)]
    added = ", ".join(f"{sql} AS c{column_id}" for column_id, sql in pairs)
    return f"SELECT *, {added} FROM ({inner})"


def _ordered_scan(context: Context, node: Node) -> str:
    return _given_out(context, node, ordered(context, node))


def _set_operation(context: Context, node: Node) -> str:
    kind = node.enum("op_type")
    if kind not in _SETS:
        raise unsupported("The set operation", kind.replace("_", " "))
    ids = [column.column_id for column in node.column_list]
    parts = []
    for item in node.input_item_list:
        names = (context.column(column.column_id) for column in item.output_column_list)
        listed = ", ".join(f"{name} AS c{i}" for name, i in zip(names, ids, strict=True))
        parts.append(f"(SELECT {listed} FROM ({scan(context, item.scan)}))")
    return f" {_SETS[kind]} ".join(parts)


def _with(context: Context, node: Node) -> str:
    if node.recursive:
        raise unsupported("The clause", "WITH RECURSIVE")
    entries = []
    for entry in node.with_entry_list:
        body = scan(context, entry.with_subquery)
        ids = [int(column.column_id) for column in entry.with_subquery.column_list]
        context.with_columns[entry.with_query_name] = ids
        entries.append(f"{quoted(entry.with_query_name)} AS ({body})")
    return f"WITH {', '.join(entries)} {scan(context, node.query)}"


def _with_ref(context: Context, node: Node) -> str:
    ids = context.with_columns[node.with_query_name]
    pairs = zip(ids, node.column_list, strict=True)
    listed = ", ".join(f"c{old} AS c{new.column_id}" for old, new in pairs)
    return f"SELECT {listed or '1 AS one'} FROM {quoted(node.with_query_name)}"


_KINDS: Final[dict[str, Callable[[Context, Node], str]]] = {
    "ResolvedSingleRowScan": _single_row,
    "ResolvedTableScan": _table,
    "ResolvedProjectScan": _project,
    "ResolvedFilterScan": _filter,
    "ResolvedJoinScan": _join,
    "ResolvedArrayScan": _array_scan,
    "ResolvedAggregateScan": _aggregate,
    "ResolvedAnalyticScan": _analytic,
    "ResolvedOrderByScan": _ordered_scan,
    "ResolvedLimitOffsetScan": _ordered_scan,
    "ResolvedSetOperationScan": _set_operation,
    "ResolvedWithScan": _with,
    "ResolvedWithRefScan": _with_ref,
}
