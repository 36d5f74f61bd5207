"""The dataset of a stack: made from the schema files, again and again without harm."""

import json
from dataclasses import replace

import pytest
from google.cloud import bigquery

from tally_local.endpoints import Endpoints
from tally_local.errors import UserError
from tally_local.state import project_root
from tally_local.warehouse import create_tables, main, warehouse

SCHEMAS = sorted((project_root() / "terraform/modules/bigquery/schemas").glob("*.json"))


def test_every_schema_file_is_a_table_with_its_columns_and_partitions(
    endpoints: Endpoints,
) -> None:
    with warehouse(endpoints) as client:
        for file in SCHEMAS:
            facts = json.loads(file.read_text(encoding="utf-8"))
            table = client.get_table(f"{endpoints.project}.{endpoints.dataset}.{file.stem}")
            assert [(f.name, f.mode) for f in table.schema] == [
                (field["name"], field["mode"]) for field in facts["schema"]
            ]
            partitioning = table.time_partitioning
            field = partitioning.field if partitioning else None
            assert field == facts.get("time_partitioning", {}).get("field")
            assert table.clustering_fields == facts.get("clustering")
            assert bool(table.require_partition_filter) == facts["require_partition_filter"]


def test_making_it_again_keeps_its_rows(endpoints: Endpoints) -> None:
    with warehouse(endpoints) as client:
        client.query_and_wait(
            "INSERT INTO sales_daily VALUES (DATE '2026-11-19', 'eu', 'EUR', 1, 1, 0, 1)"
        )
        create_tables(endpoints)
        rows = client.query_and_wait("SELECT order_count FROM sales_daily")
        assert [row["order_count"] for row in rows] == [1]


def test_a_column_that_a_table_lacks_is_added(endpoints: Endpoints) -> None:
    name = f"{endpoints.project}.{endpoints.dataset}.orders"
    with warehouse(endpoints) as client:
        schema = client.get_table(name).schema
        client.delete_table(name)
        client.create_table(bigquery.Table(name, schema[:-1]))
        create_tables(endpoints)
        assert client.get_table(name).schema == schema


def test_an_endpoint_that_is_away_is_a_clear_error(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tally_local.warehouse.RETRY", None)
    away = replace(endpoints, bigquery="http://127.0.0.1:9")
    with pytest.raises(UserError, match="BigQuery does not answer"):
        create_tables(away)


def test_a_command_makes_it_where_only_the_endpoint_runs(endpoints: Endpoints) -> None:
    other = replace(endpoints, dataset=f"{endpoints.dataset}_other")
    main([other.bigquery, other.project, other.dataset])
    with warehouse(other) as client:
        tables = {table.table_id for table in client.list_tables(other.dataset)}
    assert tables == {file.stem for file in SCHEMAS}
    with pytest.raises(SystemExit, match="BigQuery refused"):
        main([other.bigquery, other.project, "no-dataset"])
