"""A change has the same columns in Postgres, in the extract, in the schema files and in the SQL."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from load_orders.columns import COLUMNS, Kind, bigquery_canonical
from load_orders.extract import extract_query
from load_orders.receipt import VERSION

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "terraform" / "modules" / "bigquery" / "schemas"
PUBLISH = (ROOT / "dags" / "sql" / "publish_day.sql").read_text(encoding="utf-8")
NAMES = [column.name for column in COLUMNS]
TYPES = {Kind.INTEGER: "INTEGER", Kind.TIME: "TIMESTAMP", Kind.TEXT: "STRING"}


def schema(table: str) -> dict[str, dict[str, str]]:
    document = json.loads((SCHEMAS / f"{table}.json").read_text(encoding="utf-8"))
    return {column["name"]: column for column in document["schema"]}


def spaceless(sql: str) -> str:
    return re.sub(r"\s+", "", sql)


def test_the_extract_carries_every_column_of_the_change_log(connection: Connection) -> None:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = 'order_changes'"
    logged = set(connection.execute(text(query)).scalars())
    assert set(NAMES) - {"exponent"} == logged


@pytest.mark.parametrize(
    ("table", "before"),
    [
        ("orders_raw", ["ingested_at"]),
        ("orders_stage", ["load_id", "staged_on", "ingested_at"]),
        ("orders", []),
    ],
)
def test_the_schema_files_have_the_columns_of_the_extract(table: str, before: list[str]) -> None:
    columns = schema(table)
    assert list(columns) == before + NAMES
    for column in COLUMNS:
        assert columns[column.name]["type"] == TYPES[column.kind], column.name
        mode = "NULLABLE" if column.name == "trace_id" else "REQUIRED"
        assert columns[column.name]["mode"] == mode, column.name


def test_a_line_of_the_extract_has_the_columns_of_the_stage(connection: Connection) -> None:
    connection.execute(text("INSERT INTO orders (customer_id, total_cents) VALUES (1, 1)"))
    day = connection.execute(text("SELECT (tally_now() AT TIME ZONE 'UTC')::date")).scalar_one()
    query = extract_query(day, "true", "load", day)
    line = connection.exec_driver_sql(query).scalar_one()
    assert list(line) == list(schema("orders_stage"))


def test_what_may_be_null_in_postgres_may_be_null_in_bigquery(connection: Connection) -> None:
    query = (
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = 'order_changes' AND is_nullable = 'YES'"
    )
    assert list(connection.execute(text(query)).scalars()) == ["trace_id"]


@pytest.mark.parametrize("file", ["publish_day.sql", "checks/ledger_proves_day.sql"])
def test_what_is_published_is_proven_by_the_canonical_text_of_the_receipt(file: str) -> None:
    sql = (ROOT / "dags" / "sql" / file).read_text(encoding="utf-8")
    assert spaceless(bigquery_canonical()) in spaceless(sql)
    assert f"'{VERSION}:'" in sql


def test_publishing_copies_every_column() -> None:
    sql = spaceless(PUBLISH)
    raw = ",".join(["ingested_at", *NAMES])
    assert f"INSERTINTOorders_raw({raw})SELECT{raw}FROMorders_stage" in sql
    assert f"INSERT({','.join(NAMES)})VALUES({','.join(f'change.{n}' for n in NAMES)})" in sql
    # What identifies an order and its partition does not change.
    kept = [name for name in NAMES if name not in {"order_id", "created_at"}]
    assert f"UPDATESET{','.join(f'{n}=change.{n}' for n in kept)}" in sql


def test_publishing_names_every_column_of_the_ledger_and_of_sales() -> None:
    sql = spaceless(PUBLISH)
    assert f"INSERT({','.join(schema('load_ledger'))})" in sql
    assert f"INSERTINTOsales_daily({','.join(schema('sales_daily'))})" in sql


@pytest.mark.parametrize("table", sorted(file.stem for file in SCHEMAS.glob("*.json")))
def test_every_table_and_column_says_what_it_is(table: str) -> None:
    document = json.loads((SCHEMAS / f"{table}.json").read_text(encoding="utf-8"))
    assert document["description"].startswith("Grain:")
    assert all(column["description"] for column in document["schema"])
