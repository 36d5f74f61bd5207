"""The statements that steer a script: transactions, variables and IF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.compile.context import type_of
from tally_local.bigquery.compile.query import compile_query
from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import InvalidError
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.script.plan import Plan, branches
from tally_local.bigquery.script.run import Runner
from tally_local.bigquery.script.session import Session
from tally_local.bigquery.script.spec import QuerySpec


def run_query_job(engine: Engine, spec: QuerySpec, job: Job, plan: Plan) -> None:
    """Run a query job to its end; a failure leaves nothing of an open transaction."""
    with engine.database.cursor() as cursor:
        job.running_on(cursor)
        session = Session(cursor)
        runner = Runner(engine, spec, job, session, plan.is_script)
        try:
            run_statements(runner, plan)
        finally:
            session.abandon()
            runner.describe()


def run_statements(runner: Runner, plan: Plan) -> None:
    """Run all statements; whoever may write waits until no other writer is left."""
    writing = runner.engine.database.writing if plan.writes else nullcontext()
    with writing:
        _run_list(runner, plan, plan.statements, outermost=True)
        if runner.session.transaction is not None:
            # BigQuery rolls back a transaction that the script never commits.
            runner.session.abandon()


def _run_list(
    runner: Runner, plan: Plan, statements: Sequence[Node], *, outermost: bool = False
) -> None:
    for index, statement in enumerate(statements):
        runner.job.check_stopped()
        runner.last = outermost and index == len(statements) - 1
        _STEERING.get(statement.kind, _plain)(runner, plan, statement)


def _plain(runner: Runner, plan: Plan, statement: Node) -> None:
    runner.statement(plan.text(statement))


def _begin(runner: Runner, _: Plan, __: Node) -> None:
    runner.session.begin()


def _commit(runner: Runner, _: Plan, __: Node) -> None:
    runner.commit()


def _rollback(runner: Runner, _: Plan, __: Node) -> None:
    runner.session.ended("ROLLBACK").rollback()


def _declare(runner: Runner, plan: Plan, node: Node) -> None:
    value = plan.expression(node.default_value) if node.default_value is not None else "NULL"
    kind = plan.expression(node.type) if node.type is not None else None
    for variable in node.variable_list.identifier_list:
        if variable.id_string.lower() in runner.session.variable_types:
            raise InvalidError(f"Variable '{variable.id_string}' redeclaration is not allowed")
        _assign(runner, str(variable.id_string), f"CAST(({value}) AS {kind})" if kind else value)


def _set(runner: Runner, plan: Plan, node: Node) -> None:
    name = str(node.variable.id_string)
    if name.lower() not in runner.session.variable_types:
        raise InvalidError(f"Undeclared variable: {name}")
    of = runner.session.variable_types[name.lower()]
    _assign(runner, name, f"CAST(({plan.expression(node.expression)}) AS {of})")


def _assign(runner: Runner, name: str, expression: str) -> None:
    of, value = _evaluate(runner, expression)
    runner.session.variable_types[name.lower()] = of
    runner.session.variable_values[name.lower()] = value


def _evaluate(runner: Runner, expression: str) -> tuple[Any, Any]:
    resolved = runner.resolve(f"SELECT {expression} AS value")
    compiled = compile_query(resolved.node, resolved.relations)
    rows = runner.select(compiled, resolved).rows.to_pylist()
    return type_of(resolved.node.output_column_list[0].column), rows[0]["value"]


def _if(runner: Runner, plan: Plan, node: Node) -> None:
    for condition, statements in branches(node):
        if condition is None or _evaluate(runner, plan.expression(condition))[1]:
            _run_list(runner, plan, statements)
            return


_STEERING: Final[dict[str, Callable[[Runner, Plan, Node], None]]] = {
    "ASTBeginStatement": _begin,
    "ASTCommitStatement": _commit,
    "ASTRollbackStatement": _rollback,
    "ASTVariableDeclaration": _declare,
    "ASTSingleAssignment": _set,
    "ASTIfStatement": _if,
}
