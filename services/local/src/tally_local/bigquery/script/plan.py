from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.analyzer.service import Analyzer
from tally_local.bigquery.compile.context import unsupported
from tally_local.bigquery.errors import InvalidQueryError

# Statements that only exist in a script, even alone.
_SCRIPT_ONLY: Final = {
    "ASTBeginStatement",
    "ASTCommitStatement",
    "ASTRollbackStatement",
    "ASTVariableDeclaration",
    "ASTSingleAssignment",
    "ASTIfStatement",
}
_UNSUPPORTED: Final = {
    "ASTBeginEndBlock",
    "ASTCallStatement",
    "ASTExecuteImmediateStatement",
    "ASTRaiseStatement",
    "ASTReturnStatement",
    "ASTCaseStatement",
    "ASTWhileStatement",
    "ASTRepeatStatement",
    "ASTForInStatement",
    "ASTBreakStatement",
    "ASTContinueStatement",
    "ASTCreateFunctionStatement",
    "ASTCreateTableFunctionStatement",
    "ASTCreateProcedureStatement",
    "ASTExportDataStatement",
    "ASTAuxLoadDataStatement",
    "ASTSystemVariableAssignment",
    "ASTParameterAssignment",
    "ASTAssignmentFromStruct",
}
_READING: Final = {
    "ASTQueryStatement",
    "ASTAssertStatement",
    "ASTVariableDeclaration",
    "ASTSingleAssignment",
    "ASTIfStatement",
}


@dataclass(frozen=True)
class Plan:
    """A job's SQL, taken apart into statements."""

    sql: bytes
    statements: list[Node]

    @property
    def is_script(self) -> bool:
        """Whether BigQuery calls it a script."""
        return len(self.statements) != 1 or self.statements[0].kind in _SCRIPT_ONLY

    @property
    def writes(self) -> bool:
        """Whether any statement may change something."""
        return any(may_write(statement) for statement in self.statements)

    def text(self, node: Node) -> str:
        """Return a statement, moved to where it stands, so that error positions are right."""
        start, end = node.span()
        before = self.sql[:start].decode()
        blank = "".join(char if char == "\n" else " " for char in before)
        return blank + self.sql[start:end].decode()

    def expression(self, node: Node) -> str:
        """Return the text of an expression."""
        start, end = node.span()
        return self.sql[start:end].decode()


def may_write(statement: Node) -> bool:
    """Whether a statement, or one inside of it, may change something."""
    if statement.kind not in _READING:
        return True
    if statement.kind != "ASTIfStatement":
        return False
    return any(may_write(inner) for branch in branches(statement) for inner in branch[1])


def branches(node: Node) -> list[tuple[Node | None, list[Node]]]:
    """Return an IF's branches: its condition, or None for ELSE, and its statements."""
    out: list[tuple[Node | None, list[Node]]] = [(node.condition, node.then_list.statement_list)]
    if node.elseif_clauses is not None:
        clauses = node.elseif_clauses.elseif_clauses
        out += [(clause.condition, clause.body.statement_list) for clause in clauses]
    if node.else_list is not None:
        out.append((None, node.else_list.statement_list))
    return out


def make_plan(analyzer: Analyzer, sql: str) -> Plan:
    """Take a job's SQL apart; a syntax error, or an unsupported statement, refuses all of it."""
    plan = Plan(sql.encode(), analyzer.parse_script(sql))
    if not plan.statements:
        raise InvalidQueryError("The query holds no statement")
    for statement in plan.statements:
        _refuse_unsupported(plan, statement)
    return plan


def _refuse_unsupported(plan: Plan, statement: Node) -> None:
    if statement.kind in _UNSUPPORTED:
        words = " ".join(plan.expression(statement).split()[:3])
        raise unsupported("The statement", words)
    if statement.kind == "ASTIfStatement":
        for _, inner in branches(statement):
            for item in inner:
                _refuse_unsupported(plan, item)
