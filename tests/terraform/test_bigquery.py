"""The warehouse that Terraform makes: no fact of a table file is lost, and the views are right."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from google.cloud import bigquery

from tally_local.endpoints import Endpoints
from tally_local.warehouse import warehouse
from tally_testing.infra.terraform import MODULES
from tally_testing.shop import DAY, Shop

SCHEMAS = sorted((MODULES / "bigquery" / "schemas").glob("*.json"))
VIEWS = sorted((MODULES / "bigquery" / "views").glob("*.sql"))


@pytest.fixture
def client(endpoints: Endpoints) -> Iterator[bigquery.Client]:
    """A client of a dataset that has the views too, made as Terraform makes them."""
    dataset = f"{endpoints.project}.{endpoints.dataset}"
    with warehouse(endpoints) as client:
        for file in VIEWS:
            view = bigquery.Table(f"{dataset}.{file.stem}")
            view.view_query = file.read_text(encoding="utf-8").replace("${dataset}", dataset)
            client.create_table(view)
        yield client


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.stem)
def test_a_table_file_says_nothing_that_terraform_or_the_local_stack_would_leave_out(
    file: Path,
) -> None:
    facts = json.loads(file.read_text(encoding="utf-8"))
    optional = {"time_partitioning", "clustering"}
    assert facts.keys() - optional == {"description", "schema", "require_partition_filter"}
    assert facts.get("time_partitioning", {}).keys() <= {"type", "field", "expiration_ms"}


def test_current_orders_are_those_not_deleted_with_exact_amounts(
    shop: Shop, client: bigquery.Client, next_day: Callable[[], date]
) -> None:
    dollars = shop.order(total_cents=1999)
    yen = shop.order(total_cents=500, currency="JPY")
    gone = shop.order(total_cents=700)
    shop.sql("DELETE FROM orders WHERE id = :id", id=gone)
    shop.load(next_day())
    rows = client.query_and_wait("SELECT order_id, total FROM orders_current")
    assert {row["order_id"]: row["total"] for row in rows} == {
        dollars: Decimal("19.99"),
        yen: Decimal(500),
    }


def test_the_history_of_loads_has_each_day_with_its_rows(
    shop: Shop, client: bigquery.Client, next_day: Callable[[], date]
) -> None:
    shop.order()
    shop.order()
    shop.load(next_day())
    (row,) = client.query_and_wait("SELECT * FROM load_history")
    midnight = datetime(DAY.year, DAY.month, DAY.day + 1, tzinfo=UTC)
    assert (row["day"], row["state"], row["row_count"]) == (DAY, "closed", 2)
    assert row["minutes_after_midnight"] == (row["published_at"] - midnight).total_seconds() // 60


def test_the_lag_counts_the_days_that_lack_a_closed_load(
    shop: Shop, client: bigquery.Client, next_day: Callable[[], date]
) -> None:
    shop.load(next_day())
    next_day()
    shop.load(next_day())
    shop.load(date(DAY.year, DAY.month, DAY.day + 3), mode="open")
    since = {(datetime.now(UTC).date() - DAY).days}
    (row,) = client.query_and_wait("SELECT * FROM load_lag")
    since.add((datetime.now(UTC).date() - DAY).days)
    assert row["last_closed_day"] == date(DAY.year, DAY.month, DAY.day + 2)
    assert row["missing_days"] in {days - 2 for days in since}
    assert row["figures_as_of"].date() == date(DAY.year, DAY.month, DAY.day + 3)
