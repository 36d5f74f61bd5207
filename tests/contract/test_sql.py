"""Every statement that BigQuery gets passes Google's own analyzer against the schema files."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from load_orders import differing, drift, maintain, reconcile, stage
from orders_api.services import sales
from tally_local.bigquery.analyzer.service import Analyzer, Scope, TableSource
from tally_local.bigquery.errors import InvalidQueryError
from tally_local.bigquery.script.plan import make_plan
from tally_local.bigquery.types import BqType, fields_from_json

ROOT = Path(__file__).parents[2]
SQL = ROOT / "dags" / "sql"
FILES = sorted(SQL.rglob("*.sql"))
SCHEMAS = ROOT / "terraform" / "modules" / "bigquery" / "schemas"
# A file's head says of each parameter `-- @name TYPE  what it is`.
DECLARED = re.compile(r"^-- @(\w+) ([A-Z0-9<>]+)", re.MULTILINE)
DAY = {"day": BqType("DATE")}
WINDOW = {"first_day": BqType("DATE"), "last_day": BqType("DATE")}
FILTERS = {name: BqType("ARRAY", BqType("STRING")) for name in ("regions", "currencies")}
QUERIES = {
    "the receipt of a load": (
        stage.RECEIPT,
        {"load_id": BqType("STRING"), "staged_from": BqType("DATE")},
    ),
    "the sweep of the stage": (maintain.DELETE_STAGED, {"before": BqType("DATE")}),
    "what is published": (reconcile.PUBLISHED, WINDOW),
    "orders that drifted": (drift.ORDERS_DRIFT, {}),
    "sales that drifted": (drift.SALES_DRIFT, {}),
    "sales of days": (sales.DAILY, WINDOW | FILTERS),
    "digests of a day": (differing.bigquery_query("change_id", "change_id > 0"), DAY),
}


WAREHOUSE = (ROOT / "docs" / "warehouse.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```", WAREHOUSE, re.DOTALL)


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@cache
def scope() -> Scope:
    tables = []
    for file in sorted(SCHEMAS.glob("*.json")):
        columns = json.loads(file.read_text(encoding="utf-8"))["schema"]
        fields = fields_from_json({"fields": columns})
        typed = tuple((field.name, field.type) for field in fields)
        tables.append(TableSource((file.stem,), file.stem, typed))
    return Scope(tuple(tables))


def analyze(analyzer: Analyzer, sql: str, parameters: dict[str, BqType]) -> int:
    plan = make_plan(analyzer, sql)
    for statement in plan.statements:
        if statement.kind not in {"ASTBeginStatement", "ASTCommitStatement"}:
            analyzer.resolve(plan.text(statement), scope(), parameters)
    return len(plan.statements)


def parameter_type(written: str) -> BqType:
    if element := re.fullmatch(r"ARRAY<(\w+)>", written):
        return BqType("ARRAY", BqType(element[1]))
    return BqType(written)


def parameters_of(sql: str) -> dict[str, BqType]:
    return {name: parameter_type(written) for name, written in DECLARED.findall(sql)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SQL)))
def test_a_file_is_right(analyzer: Analyzer, file: Path) -> None:
    sql = file.read_text(encoding="utf-8")
    assert analyze(analyzer, sql, parameters_of(sql)) >= 1


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_in_the_code_is_right(analyzer: Analyzer, name: str) -> None:
    assert analyze(analyzer, *QUERIES[name]) == 1


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_in_the_docs_is_right(analyzer: Analyzer, example: str) -> None:
    assert analyze(analyzer, example, {}) == 1


def test_the_docs_name_every_table_and_every_file_that_writes_one() -> None:
    assert EXAMPLES
    named = set(re.findall(r"`([\w/]+)(?:\.sql)?`", WAREHOUSE))
    assert {file.stem for file in SCHEMAS.glob("*.json")} <= named
    assert {f"rollups/{file.stem}" for file in (SQL / "rollups").glob("*.sql")} <= named


def test_publishing_rolling_up_and_checking_are_among_the_files() -> None:
    names = {str(file.relative_to(SQL).with_suffix("")) for file in FILES}
    assert {"publish_day", "checks/ledger_proves_day", "checks/orders_follow_changes"} <= names
    rollups = {"sales_weekly", "sales_monthly", "customer_cohorts"}
    assert {
        f"{folder}/{name}" for folder in ("rollups", "checks/rollups") for name in rollups
    } <= names


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT no_such_column FROM orders",
        "SELECT * FROM no_such_table",
        "SELECT day = '2026-01-01x' FROM sales_daily",
        "SELECT region + 1 FROM orders",
        "DELETE FROM orders",
        "SELECT @undeclared FROM orders",
        "SELECT customer_id, COUNT(*) FROM orders",
    ],
)
def test_a_wrong_statement_is_refused(analyzer: Analyzer, sql: str) -> None:
    with pytest.raises(InvalidQueryError):
        analyze(analyzer, sql, DAY)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SQL)))
def test_a_file_uses_no_template_and_declares_its_parameters(file: Path) -> None:
    sql = file.read_text(encoding="utf-8")
    assert "{{" not in sql
    assert "{%" not in sql
    body = re.sub(r"--.*", "", sql)
    assert set(re.findall(r"@(\w+)", body)) == set(parameters_of(sql))
