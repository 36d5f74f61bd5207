from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.analyzer.protos import type_from_proto
from tally_local.bigquery.errors import UnsupportedError
from tally_local.bigquery.types import BqType


class Relation(Protocol):
    """A table, or a view, as the compiler reads it."""

    @property
    def source(self) -> str:
        """The DuckDB relation to select from."""

    def column(self, name: str) -> str:
        """Return the expression of one column, in its full type."""


@dataclass
class Context:
    """What compiling one statement needs, and what it finds out on the way."""

    relations: Mapping[str, Relation]
    expr: Callable[[Context, Node], str]
    scan: Callable[[Context, Node], str]
    array: Callable[[Context, Node], str]
    columns: dict[int, str] = field(default_factory=dict)
    bindings: dict[str, BqType] = field(default_factory=dict)
    with_columns: dict[str, list[int]] = field(default_factory=dict)

    def column(self, column_id: int) -> str:
        """Return the SQL of a resolved column."""
        return self.columns.get(column_id, f"c{column_id}")

    def bind(self, name: str, of: BqType) -> str:
        """Return the SQL of a bound value; its name is noted for execution."""
        self.bindings[name] = of
        return f"CAST(${name} AS {of.duckdb})"


def type_of(node: Node) -> BqType:
    """Return the type of a resolved expression or column."""
    return type_from_proto(node.raw("type"))


def text(value: str) -> str:
    """Return a string as a DuckDB literal."""
    if "\0" in value:
        parts = (text(part) for part in value.split("\0"))
        return f"concat({', chr(0), '.join(parts)})"
    return "'" + value.replace("'", "''") + "'"


def failure(message: str, of: BqType) -> str:
    """Return an expression of this type that fails with the message, itself an expression.

    A cast that cannot succeed, rather than DuckDB's error(): that one is volatile, and TRY (our
    SAFE) refuses volatile expressions. `store.failures` reads the message out again.
    """
    return f"CAST(CAST(bq_fail({message}) AS VARCHAR) AS {of.duckdb})"


def unsupported(what: str, name: object) -> UnsupportedError:
    """Return the refusal of one construct, named as the statement writes it."""
    return UnsupportedError(f"{what} {name} is not supported by the local BigQuery endpoint")


def children_of(node: Node, name: str) -> list[Any]:
    """Return a repeated field, or nothing where the node's kind lacks it."""
    try:
        return list(getattr(node, name))
    except AttributeError:
        return []
