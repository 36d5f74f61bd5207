from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.context import Context, Relation, text, type_of
from tally_local.bigquery.compile.exprs import expr
from tally_local.bigquery.compile.scans import array, ordered, scan
from tally_local.bigquery.errors import InvalidQueryError
from tally_local.bigquery.types import BqType, quoted


@dataclass(frozen=True)
class Compiled:
    """DuckDB SQL, the values that it binds, and the columns that it gives."""

    sql: str
    bindings: dict[str, BqType]
    columns: tuple[tuple[str, BqType], ...] = ()


def new_context(relations: Mapping[str, Relation]) -> Context:
    """Return a context for compiling one statement against these tables."""
    return Context(relations, expr, scan, array)


def compile_query(node: Node, relations: Mapping[str, Relation]) -> Compiled:
    """Compile a query, or whatever carries one with its output columns."""
    context = new_context(relations)
    names = output_names(node)
    types = [type_of(output.column) for output in node.output_column_list]
    sql = select_output(context, node, names, types)
    return Compiled(sql, context.bindings, tuple(zip(names, types, strict=True)))


def output_names(node: Node) -> list[str]:
    """Return the result's column names: BigQuery calls nameless ones f0_, f1_ and so on."""
    names: list[str] = []
    for output in node.output_column_list:
        nameless = output.name.startswith("$")
        count = sum(name.startswith("\x00") for name in names)
        names.append(f"\x00f{count}_" if nameless else output.name)
    plain = [name.removeprefix("\x00") for name in names]
    twice = sorted({n for n in plain if [m.lower() for m in plain].count(n.lower()) > 1})
    if twice:
        raise InvalidQueryError(
            "Duplicate column names in the result are not supported. "
            f"Found duplicate(s): {', '.join(twice)}"
        )
    return plain


def select_output(context: Context, node: Node, names: list[str], types: list[BqType]) -> str:
    """Return the SELECT of a statement's output columns, in order."""
    rows = ordered(context, node.query)
    items = []
    for output, name, of in zip(node.output_column_list, names, types, strict=True):
        value = rows.column(context, output.column.column_id)
        if of.element is not None:
            value = without_nulls(value, name)
        items.append(f"CAST({value} AS {of.duckdb}) AS {quoted(name)}")
    return f"SELECT {', '.join(items)} FROM ({rows.body}){rows.tail}"


def compile_condition(node: Node, relations: Mapping[str, Relation]) -> Compiled:
    """Compile one expression, such as an ASSERT's, to a SELECT of its value."""
    context = new_context(relations)
    sql = f"SELECT {expr(context, node)} AS value"
    return Compiled(sql, context.bindings, (("value", type_of(node)),))


def without_nulls(sql: str, name: str) -> str:
    """Return an array that fails if an element is NULL: no result and no column may hold one."""
    message = text(f"Array cannot have a null element; error in writing field {name}")
    return f"bq_without_nulls({sql}, {message})"
