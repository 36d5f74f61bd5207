"""The laptop's image: the BigQuery endpoint alone, and the whole stack in one container."""

import httpx
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tally_local.ports import free_port
from tally_testing.containers import Container, Engine
from tally_testing.containers.running import run_once
from tally_testing.waiting import wait_for_analyzer

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]


def test_bigquery_takes_the_tables_and_answers_a_query(engine: Engine, local_image: str) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}"
    options = (f"--publish=127.0.0.1:{port}:9050",)
    with Container.running(engine, local_image, env={}, options=options) as container:
        wait_for_analyzer(url)
        assert container.is_healthy()
        command = ["python", "-m", "tally_local.warehouse", url, "tally-test", "analytics"]
        run_once(engine, local_image, *command, options=("--network=host",))
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        endpoint = {"api_endpoint": url}
        with bigquery.Client("tally-test", credentials, client_options=endpoint) as client:
            rows = client.query_and_wait("SELECT SUM(n) AS total FROM UNNEST([1, 2, 39]) AS n")
            assert [row.total for row in rows] == [42]
            assert "orders_stage" in {table.table_id for table in client.list_tables("analytics")}
        assert httpx.get(url).json()["status"] == "ok"
        engine("stop", "-t", "10", container.name)
        assert container.exit_code() == 0


def test_the_demo_reconciles_in_one_container(engine: Engine, local_image: str) -> None:
    told = run_once(engine, local_image, "tally", "demo", timeout_s=300)
    assert told.splitlines()[-1].endswith("0 differences")
