from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.arithmetic import ARITHMETIC
from tally_local.bigquery.compile.arrays import ARRAYS
from tally_local.bigquery.compile.call import Call, Compile, function_name
from tally_local.bigquery.compile.casts import cast
from tally_local.bigquery.compile.context import Context, type_of, unsupported
from tally_local.bigquery.compile.dates import DATES
from tally_local.bigquery.compile.literals import literal
from tally_local.bigquery.compile.logic import LOGIC
from tally_local.bigquery.compile.strings import STRINGS
from tally_local.bigquery.types import struct_names

_FUNCTIONS: Final[dict[str, Compile]] = {**ARITHMETIC, **LOGIC, **STRINGS, **DATES, **ARRAYS}


def expr(context: Context, node: Node) -> str:
    """Compile a resolved expression to DuckDB SQL."""
    if node.kind not in _KINDS:
        raise unsupported("The expression", node.kind.removeprefix("Resolved"))
    return _KINDS[node.kind](context, node)


def _literal(_: Context, node: Node) -> str:
    return literal(node.raw("value").value, type_of(node))


def _parameter(context: Context, node: Node) -> str:
    # The analyzer folds names to lower case; positional parameters have none.
    name = node.name.lower() if node.name else str(node.position)
    return context.bind(f"p_{name}", type_of(node))


def _constant(context: Context, node: Node) -> str:
    return context.bind(f"v_{node.constant.name.split('.')[-1].lower()}", type_of(node))


def _column(context: Context, node: Node) -> str:
    return context.column(node.column.column_id)


def _call(context: Context, node: Node) -> str:
    name = function_name(node)
    call = Call(context, node, [expr(context, argument) for argument in node.argument_list])
    if name not in _FUNCTIONS or node.generic_argument_list:
        raise call.refuse()
    sql = _FUNCTIONS[name](call)
    return f"TRY({sql})" if node.enum("error_mode") == "SAFE_ERROR_MODE" else sql


def _subquery(context: Context, node: Node) -> str:
    kind = node.enum("subquery_type")
    if kind == "ARRAY":
        return context.array(context, node.subquery)
    inner = context.scan(context, node.subquery)
    if kind == "EXISTS":
        return f"EXISTS ({inner})"
    column = context.column(node.subquery.column_list[0].column_id)
    if kind == "SCALAR":
        return f"(SELECT {column} FROM ({inner}))"
    if kind == "IN":
        return f"({expr(context, node.in_expr)} IN (SELECT {column} FROM ({inner})))"
    raise unsupported("A subquery with", kind)


def _make_struct(context: Context, node: Node) -> str:
    of = type_of(node)
    values = (expr(context, field) for field in node.field_list)
    packed = (f"{n} := {v}" for n, v in zip(struct_names(of), values, strict=True))
    return f"CAST(struct_pack({', '.join(packed)}) AS {of.duckdb})"


def _struct_field(context: Context, node: Node) -> str:
    name = struct_names(type_of(node.expr))[node.field_idx]
    return f"({expr(context, node.expr)}).{name}"


def _with(context: Context, node: Node) -> str:
    for assignment in node.assignment_list:
        sql = expr(context, assignment.expr)
        context.columns[assignment.column.column_id] = f"({sql})"
    return expr(context, node.expr)


_KINDS: Final[dict[str, Callable[[Context, Node], str]]] = {
    "ResolvedLiteral": _literal,
    "ResolvedParameter": _parameter,
    "ResolvedConstant": _constant,
    "ResolvedColumnRef": _column,
    "ResolvedFunctionCall": _call,
    "ResolvedCast": cast,
    "ResolvedSubqueryExpr": _subquery,
    "ResolvedMakeStruct": _make_struct,
    "ResolvedGetStructField": _struct_field,
    "ResolvedWithExpr": _with,
}
