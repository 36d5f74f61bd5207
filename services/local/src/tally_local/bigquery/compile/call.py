from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.context import Context, type_of, unsupported
from tally_local.bigquery.compile.literals import constant_of
from tally_local.bigquery.types import BqType

# zetasql.functions.DateTimestampPart; the analyzer hands the number over.
PARTS = {
    1: "YEAR", 2: "MONTH", 3: "DAY", 4: "DAYOFWEEK", 5: "DAYOFYEAR", 6: "QUARTER", 7: "HOUR",
    8: "MINUTE", 9: "SECOND", 10: "MILLISECOND", 11: "MICROSECOND", 12: "NANOSECOND", 13: "DATE",
    14: "WEEK", 15: "DATETIME", 16: "TIME", 17: "ISOYEAR", 18: "ISOWEEK", 19: "WEEK_MONDAY",
    20: "WEEK_TUESDAY", 21: "WEEK_WEDNESDAY", 22: "WEEK_THURSDAY", 23: "WEEK_FRIDAY",
    24: "WEEK_SATURDAY",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A resolved function call, its arguments compiled."""

    context: Context
    node: Node
    args: list[str]

    @property
    def type(self) -> BqType:
        """The type of the result."""
        return type_of(self.node)

    def arg_type(self, index: int) -> BqType:
        """Return the type of one argument."""
        return type_of(self.node.argument_list[index])

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of all arguments."""
        return tuple(type_of(arg).kind for arg in self.node.argument_list)

    def constant(self, index: int) -> Any:
        """Return an argument that must be written as a constant."""
        return constant_of(self.node.argument_list[index])

    def part(self, index: int) -> str:
        """Return the date part that an argument names."""
        return PARTS.get(int(self.constant(index)), "UNKNOWN")

    def refuse(self) -> Exception:
        """Return the refusal of this function with these argument types."""
        kinds = ", ".join(self.kinds())
        return unsupported("Function", f"{function_name(self.node).upper()}({kinds})")


Compile = Callable[[Call], str]


def function_name(node: Node) -> str:
    """Return the function's name without its group."""
    return str(node.function.name).split(":", 1)[1].lower()


def template(pattern: str) -> Compile:
    """Return a compiler that fills the arguments into a pattern, by position."""
    return lambda call: pattern.format(*call.args)


def by_count(*patterns: str) -> Compile:
    """Return a compiler that picks the pattern by the number of arguments, from one on."""

    def compile_call(call: Call) -> str:
        if not 1 <= len(call.args) <= len(patterns):
            raise call.refuse()
        return patterns[len(call.args) - 1].format(*call.args)

    return compile_call
