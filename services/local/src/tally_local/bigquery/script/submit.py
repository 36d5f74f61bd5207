from __future__ import annotations

from typing import Any

from tally_local.bigquery.compile.query import compile_query
from tally_local.bigquery.engine import Engine
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.script.flow import run_query_job
from tally_local.bigquery.script.plan import Plan, make_plan
from tally_local.bigquery.script.run import Runner, statement_type
from tally_local.bigquery.script.session import Session
from tally_local.bigquery.script.spec import QuerySpec, read_spec
from tally_local.bigquery.types import schema_json


def submit_query(engine: Engine, job: Job) -> None:
    """Begin a query job.

    As on Google's service, a syntax error, and whatever is wrong with a single statement, refuses
    the request itself; a script's statements are checked when their turn comes.
    """
    spec, plan = _checked(engine, job)
    job.statistics["query"] = {"statementType": "SCRIPT" if plan.is_script else "SELECT"}
    anonymous = {**job.reference(), "datasetId": "_anonymous", "tableId": f"anon{job.job_id}"}
    reference = {key: anonymous[key] for key in ("projectId", "datasetId", "tableId")}
    job.configuration["query"].setdefault("destinationTable", reference)
    engine.registry.start(job, lambda started: run_query_job(engine, spec, started, plan))


def _checked(engine: Engine, job: Job) -> tuple[QuerySpec, Plan]:
    spec = read_spec(job.project, job.configuration["query"])
    plan = make_plan(engine.analyzers.get(), spec.sql)
    if not plan.is_script:
        with engine.database.cursor() as cursor:
            runner = Runner(engine, spec, job, Session(cursor), is_script=False)
            runner.resolve(plan.text(plan.statements[0]))
    return spec, plan


def dry_run(engine: Engine, job: Job) -> dict[str, Any]:
    """Check a query without running it, and return the job that would have been."""
    spec, plan = _checked(engine, job)
    stats: dict[str, Any] = {"totalBytesProcessed": "0", "statementType": "SCRIPT"}
    if not plan.is_script:
        with engine.database.cursor() as cursor:
            runner = Runner(engine, spec, job, Session(cursor), is_script=False)
            resolved = runner.resolve(plan.text(plan.statements[0]))
        stats["statementType"] = statement_type(resolved.node.kind)
        if resolved.node.kind == "ResolvedQueryStmt":
            compiled = compile_query(resolved.node, resolved.relations)
            stats["schema"] = {"fields": schema_json(compiled.columns)}
    job.statistics["query"] = stats
    job.ended_ms = job.created_ms
    resource = job.resource()
    resource["configuration"]["dryRun"] = True
    del resource["jobReference"]["jobId"]
    return resource
