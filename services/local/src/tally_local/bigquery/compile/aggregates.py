from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.call import function_name
from tally_local.bigquery.compile.context import Context, children_of, type_of, unsupported
from tally_local.bigquery.types import BqType

OVER: Final = "\x00"  # stands where a window goes; no SQL text holds it


@dataclass(frozen=True)
class Aggregate:
    """One aggregate call, its arguments compiled; `sql` renders a DuckDB aggregate for it."""

    context: Context
    node: Node
    args: list[str]

    @property
    def type(self) -> BqType:
        """The type of the result."""
        return type_of(self.node)

    def sql(self, name: str, *args: str, where: str = "") -> str:
        """Render a DuckDB aggregate with this call's DISTINCT and ORDER BY."""
        distinct = "DISTINCT " if self.node.distinct else ""
        order = ordering(self.context, children_of(self.node, "order_by_item_list"))
        body = f"{distinct}{', '.join(args)}{order}"
        return f"{name}({body}){f' FILTER (WHERE {where})' if where else ''}{OVER}"


def ordering(context: Context, items: list[Node]) -> str:
    """Return an ORDER BY clause: NULLs stand first ascending and last descending."""
    keys = []
    for item in items:
        if item.collation_name is not None:
            raise unsupported("ORDER BY", "COLLATE")
        order = item.enum("null_order")
        nulls_last = item.is_descending if order == "ORDER_UNSPECIFIED" else order == "NULLS_LAST"
        column = context.column(item.column_ref.column.column_id)
        direction = "DESC" if item.is_descending else "ASC"
        keys.append(f"{column} {direction} NULLS {'LAST' if nulls_last else 'FIRST'}")
    return f" ORDER BY {', '.join(keys)}" if keys else ""


def aggregate(context: Context, node: Node) -> str:
    """Compile an aggregate call; OVER marks where a window may stand."""
    name = function_name(node)
    if name not in _AGGREGATES or any(node.has(f) for f in ("having_modifier", "where_expr")):
        raise unsupported("Aggregate", name.upper())
    if children_of(node, "group_by_list"):
        raise unsupported("Aggregate with", "GROUP BY")
    args = [context.expr(context, argument) for argument in node.argument_list]
    return _AGGREGATES[name](Aggregate(context, node, args))


def _count(call: Aggregate) -> str:
    return call.sql("count", call.args[0])


def _sum(call: Aggregate) -> str:
    total = call.sql("sum", call.args[0])
    if call.type.kind == "NUMERIC":
        return f"bq_numeric_sum({total})"
    return f"CAST({total} AS {call.type.duckdb})"


def _average(call: Aggregate) -> str:
    if call.type.kind != "NUMERIC":
        return call.sql("avg", call.args[0])
    total, count = call.sql("sum", call.args[0]), call.sql("count", call.args[0])
    return (
        f"CASE WHEN {count} > 0 THEN bq_numeric_divide(bq_numeric_sum({total}), "
        f"CAST({count} AS DECIMAL(38,9))) END"
    )


def _plain(name: str) -> Callable[[Aggregate], str]:
    return lambda call: f"CAST({call.sql(name, *call.args)} AS {call.type.duckdb})"


def _count_if(call: Aggregate) -> str:
    if call.node.distinct:
        raise unsupported("Aggregate", "COUNTIF(DISTINCT)")
    return call.sql("count", "*", where=call.args[0])


def _array_agg(call: Aggregate) -> str:
    handling = call.node.enum("null_handling_modifier")
    where = f"{call.args[0]} IS NOT NULL" if handling == "IGNORE_NULLS" else ""
    items = call.sql("list", call.args[0], where=where)
    return _limited(call, items)


def _limited(call: Aggregate, items: str) -> str:
    limit = call.node.limit if call.node.has("limit") else None
    if limit is None:
        return items
    return f"({items})[1:{call.context.expr(call.context, limit)}]"


def _string_agg(call: Aggregate) -> str:
    if call.type.kind != "STRING" or call.node.has("limit"):
        raise unsupported("Aggregate", "STRING_AGG of BYTES or with LIMIT")
    separator = call.args[1] if len(call.args) > 1 else "','"
    return call.sql("string_agg", call.args[0], separator)


def _array_concat(call: Aggregate) -> str:
    where = f"{call.args[0]} IS NOT NULL"
    return f"flatten({call.sql('list', call.args[0], where=where)})"


_AGGREGATES: Final[dict[str, Callable[[Aggregate], str]]] = {
    "$count_star": lambda call: call.sql("count", "*"),
    "count": _count,
    "countif": _count_if,
    "sum": _sum,
    "avg": _average,
    "min": _plain("min"),
    "max": _plain("max"),
    "any_value": _plain("any_value"),
    "array_agg": _array_agg,
    "array_concat_agg": _array_concat,
    "string_agg": _string_agg,
    "logical_and": _plain("bool_and"),
    "logical_or": _plain("bool_or"),
    "bit_and": _plain("bit_and"),
    "bit_or": _plain("bit_or"),
    "bit_xor": _plain("bit_xor"),
    # Exact, which an approximate answer may be.
    "approx_count_distinct": lambda call: f"count(DISTINCT {call.args[0]}){OVER}",
}
