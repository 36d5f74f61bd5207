"""The workflows run for real: through the function, Postgres and the local BigQuery."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from sqlalchemy import make_url, text

from tally_local.clock import Clock
from tally_local.endpoints import Endpoints
from tally_local.sales import Key, Sales
from tally_testing.fault_proxy import Moment, fault_proxy
from tally_testing.scratch import outside_transactions
from tally_testing.shop import Shop
from tally_testing.tcp_proxy import tcp_proxy
from tally_testing.workflows.bucket import NAME, bucket
from tally_testing.workflows.execution import Execution

NextDay = Callable[[], date]
Run = Callable[..., Execution]
SQL = Path(__file__).parents[2] / "dags" / "sql"
SQL_FILES = [file.relative_to(SQL).as_posix() for file in SQL.rglob("*.sql")]
BAD_CHECK = "checks/sales_follow_orders.sql net_is_gross_less_refunded"


def sold(shop: Shop, day: date) -> Sales | None:
    return shop.sales().get(Key(day, "eu-west", "USD"))


def sales(orders: int, gross: str) -> Sales:
    return Sales(orders, Decimal(gross), Decimal(0), Decimal(gross))


def posts(execution: Execution, url: str) -> int:
    return [(each["method"], each["url"]) for each in execution.requests].count(("POST", url))


def test_the_day_that_ended_last_is_published_reconciled_and_rolled_up(
    run: Run, shop: Shop, next_day: NextDay, all_files: str
) -> None:
    shop.order(total_cents=1999)
    day = next_day()
    execution = run("daily", {}, STORAGE_URL=all_files)
    assert execution.error is None
    assert execution.result["day"] == str(day)
    assert execution.result["receipt"].startswith("v1:1:1999:")
    assert execution.result["reconciled"]["loads_checked"] == 1
    assert sold(shop, day) == sales(1, "19.99")
    files = {unquote(each["url"]) for each in execution.requests if "/o/" in each["url"]}
    assert files == {f"{all_files}/storage/v1/b/{NAME}/o/{name}" for name in SQL_FILES}
    for rollup in ("sales_weekly", "sales_monthly", "customer_cohorts"):
        (row,) = shop.parts.warehouse.rows(f"SELECT net_revenue FROM {rollup}")
        assert row["net_revenue"] == Decimal("19.99")


def test_a_run_may_be_repeated_and_changes_nothing(
    run: Run, shop: Shop, next_day: NextDay, all_files: str
) -> None:
    shop.order()
    shop.order(created_at="2020-02-29T12:00:00Z")
    day = next_day()
    first = run("daily", {}, STORAGE_URL=all_files)
    before = shop.tables()
    again = run("daily", {"day": str(day)}, STORAGE_URL=all_files)
    assert (again.error, again.result["load_id"]) == (None, first.result["load_id"])
    assert shop.tables() == before


def test_a_day_without_orders_is_published_empty(run: Run, next_day: NextDay) -> None:
    next_day()
    execution = run("daily", {})
    assert execution.error is None
    assert execution.result["receipt"] == "v1:0:0:0"


def test_the_function_gets_an_id_token_and_google_an_access_token(
    run: Run, next_day: NextDay, endpoints: Endpoints
) -> None:
    next_day()
    execution = run("daily", {})
    functions = {endpoints.function, endpoints.reconcile}
    assert {each["url"] for each in execution.requests} > functions
    for request in execution.requests:
        url = request["url"]
        id_token = {"type": "OIDC", "audience": url}
        assert request["auth"] == (id_token if url in functions else {"type": "OAuth2"})


def test_a_day_that_is_not_closed_is_waited_for(
    run: Run, shop: Shop, next_day: NextDay, endpoints: Endpoints
) -> None:
    insert = "INSERT INTO orders (customer_id, total_cents, region) VALUES (1, 700, 'eu-west')"
    with shop.engine.connect() as writer:
        writer.execute(text(insert))
        day = next_day()
        execution = run("daily", {}, writer.commit)
    assert execution.error is None
    assert posts(execution, endpoints.function) == 1 + len(execution.slept) == 2
    assert sold(shop, day) == sales(1, "7")


def test_a_function_that_cannot_be_reached_is_called_again(
    run: Run, shop: Shop, next_day: NextDay, endpoints: Endpoints
) -> None:
    shop.order(total_cents=100)
    day = next_day()
    with tcp_proxy(endpoints.function) as proxy:
        proxy.mode = "refuse"
        execution = run(
            "daily", {}, lambda: setattr(proxy, "mode", "forward"), TALLY_FUNCTION_URL=proxy.url
        )
    assert execution.error is None
    assert len(execution.slept) == 1
    assert sold(shop, day) == sales(1, "1")


def test_a_function_whose_postgres_is_away_is_called_again(
    run: Run, shop: Shop, next_day: NextDay, endpoints: Endpoints, clock: Clock
) -> None:
    shop.order(total_cents=100)
    day, now = next_day(), clock.now()
    name = make_url(endpoints.postgres).database
    server = make_url(endpoints.postgres).set(database="postgres")
    with outside_transactions(server.render_as_string(hide_password=False)) as connection:

        def connections(allowed: str) -> None:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}')

        connections("false")
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        connection.execute(text(end), {"name": name})
        execution = run("daily", {}, lambda: connections("true"), now)
    assert execution.error is None
    assert len(execution.slept) == 1
    assert sold(shop, day) == sales(1, "1")


def test_what_the_function_refuses_fails_at_once(run: Run) -> None:
    execution = run("daily", {"day": "1989-12-31"})
    assert execution.error["code"] == 400
    assert "before 1990-01-01" in execution.error["body"]
    assert (len(execution.requests), execution.slept) == (1, [])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_publish_whose_answer_is_lost_is_asked_for_again(
    run: Run, shop: Shop, next_day: NextDay, endpoints: Endpoints, moment: Moment
) -> None:
    shop.order(total_cents=100)
    day = next_day()
    with fault_proxy(endpoints.bigquery) as (proxy, url):
        proxy.fail_at(1, moment, lambda: None)
        execution = run("daily", {}, BIGQUERY_URL=url)
    assert execution.error is None
    assert len(execution.slept) == 1
    assert sold(shop, day) == sales(1, "1")


def test_a_publish_that_bigquery_refuses_fails_with_its_reason_and_the_next_run_mends_it(
    run: Run, shop: Shop, next_day: NextDay, endpoints: Endpoints
) -> None:
    shop.order(total_cents=100)
    day = next_day()

    def lose_the_staged_rows() -> None:
        shop.parts.warehouse.rows("DELETE FROM orders_stage WHERE TRUE")

    with fault_proxy(endpoints.bigquery) as (proxy, url):
        proxy.fail_at(1, "before", lose_the_staged_rows)
        execution = run("daily", {}, BIGQUERY_URL=url)
    assert execution.error["tags"] == ["BigQueryError"]
    assert "publish_day.sql failed" in execution.error["message"]
    assert "the staged rows are not the rows" in execution.error["message"]
    assert sold(shop, day) is None
    assert run("daily", {}).error is None
    assert sold(shop, day) == sales(1, "1")


def test_a_job_says_what_it_is_about_and_what_it_may_cost(
    run: Run, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    next_day()
    execution = run("daily", {}, GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID="the-run")
    url = next(each["url"] for each in execution.requests if "/jobs/" in each["url"])
    load_id = execution.result["load_id"]
    assert url.endswith(f"/jobs/publish_day-{load_id}-the-run-try1")
    job = httpx.get(url).json()
    assert job["configuration"]["labels"] == {"app": "tally", "task": "publish_day"}
    assert job["configuration"]["query"]["maximumBytesBilled"] == str(200 * 2**30)


def test_a_statement_that_fails_for_a_while_is_run_as_another_job_three_in_all(
    run: Run, shop: Shop, tmp_path: Path
) -> None:
    conflict = "Transaction is aborted due to concurrent update against table orders"
    rows = shop.parts.warehouse.rows
    rows("CREATE TABLE other_publishes (ended BOOL)")
    (tmp_path / "one.sql").write_text(
        f"ASSERT EXISTS (SELECT 1 FROM other_publishes) AS '{conflict}'; SELECT 1;"
    )
    args = {"file": "one.sql", "subject": "one", "parameters": []}
    with bucket(tmp_path) as url:
        env = {"subworkflow": "run_file", "STORAGE_URL": url}
        failing = run("daily", args, **env)
        helped = run(
            "daily", args, lambda: rows("INSERT INTO other_publishes VALUES (TRUE)"), **env
        )
    assert conflict in failing.error["message"]
    jobs = [each["url"][-5:] for each in failing.requests if "/jobs/" in each["url"]]
    assert (jobs, failing.slept) == (["-try1", "-try2", "-try3"], [30, 30])
    assert helped.error is None
    assert (helped.result["totalRows"], helped.slept) == ("1", [30])


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        ({"code": 503}, True),
        ({"code": 429, "body": "slow down"}, True),
        ({"tags": ["ConnectionError"]}, True),
        ({"code": 403, "body": {"error": {"errors": [{"reason": "rateLimitExceeded"}]}}}, True),
        ({"code": 403, "body": {"error": {"errors": [{"reason": "accessDenied"}]}}}, False),
        ({"code": 403}, False),
        ({"code": 404, "body": "rateLimitExceeded"}, False),
    ],
)
def test_what_passes_is_asked_again_and_nothing_else(
    run: Run, error: dict[str, object], *, temporary: bool
) -> None:
    execution = run("daily", {"e": error}, subworkflow="is_temporary")
    assert execution.result is temporary


def test_a_check_that_is_not_true_fails_the_run_and_is_named(
    run: Run, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    damaged = next_day()
    assert run("daily", {}).error is None
    next_day()
    change = "UPDATE sales_daily SET net_revenue = net_revenue {} 1 WHERE day = '{}'"
    shop.parts.warehouse.rows(change.format("+", damaged))
    execution = run("daily", {})
    assert execution.error["tags"] == ["CheckFailed"]
    assert BAD_CHECK in execution.error["message"]
    shop.parts.warehouse.rows(change.format("-", damaged))
    assert run("daily", {}).error is None


def test_a_difference_that_reconciling_finds_fails_the_run_and_running_its_day_mends_it(
    run: Run, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    damaged = next_day()
    assert run("daily", {}).error is None
    next_day()
    change = "UPDATE orders_raw SET total_cents = total_cents + 1 WHERE DATE(ingested_at) = '{}'"
    shop.parts.warehouse.rows(change.format(damaged))
    execution = run("daily", {})
    assert execution.error["code"] == 409
    assert str(damaged) in execution.error["body"]
    assert run("daily", {"day": str(damaged)}).error is None


def test_a_bucket_without_checks_fails_the_run(run: Run, next_day: NextDay, tmp_path: Path) -> None:
    (tmp_path / "publish_day.sql").write_text("SELECT 1;")
    next_day()
    with bucket(tmp_path) as url:
        execution = run("daily", {}, STORAGE_URL=url)
    assert execution.error == "the bucket has no SQL files in checks/"


def test_a_bucket_that_is_not_there_fails_at_once(run: Run, next_day: NextDay) -> None:
    next_day()
    execution = run("daily", {}, TALLY_SQL_BUCKET="another")
    assert (execution.error["code"], execution.slept) == (404, [])


def test_the_housekeeping_is_done_once_the_function_is_back(run: Run, endpoints: Endpoints) -> None:
    with tcp_proxy(endpoints.maintain) as proxy:
        proxy.mode = "refuse"
        execution = run(
            "maintain", {}, lambda: setattr(proxy, "mode", "forward"), TALLY_MAINTAIN_URL=proxy.url
        )
    assert execution.error is None
    assert len(execution.slept) == 1
    assert execution.result
