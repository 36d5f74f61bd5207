"""The function's image: each entry point answers, beside a Postgres and the local BigQuery."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from tally_local.ports import free_port
from tally_testing.containers import Container, Engine
from tally_testing.waiting import wait_for

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]


@contextmanager
def serving(
    engine: Engine, image: str, target: str, environment: dict[str, str]
) -> Iterator[tuple[Container, httpx.Client]]:
    """Run an entry point on the network of this machine, where the other parts listen."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    env = {**environment, "FUNCTION_TARGET": target, "PORT": port}
    with Container.running(engine, image, env=env, options=("--network=host",)) as container:
        wait_for(url, patience_s=60)
        with httpx.Client(base_url=url, timeout=120) as client:
            yield container, client


def test_a_day_is_loaded(engine: Engine, function_image: str, environment: dict[str, str]) -> None:
    today = datetime.now(UTC).date().isoformat()
    with serving(engine, function_image, "load_orders", environment) as (container, client):
        assert client.post("/", json={"day": "tomorrow"}).status_code == 400
        loaded = client.post("/", json={"day": today, "mode": "open"})
        assert loaded.status_code == 200, loaded.text
        assert loaded.json()["receipt"] == "v1:0:0:0"
        assert container.is_healthy()
        assert container.exec("id", "-u").strip() == "10001"


def test_the_warehouse_is_reconciled(
    engine: Engine, function_image: str, environment: dict[str, str]
) -> None:
    with serving(engine, function_image, "reconcile_orders", environment) as (_, client):
        compared = client.post("/", json={"days": 1})
        assert compared.status_code == 200, compared.text
        assert compared.json()["loads_checked"] == 0


def test_the_house_is_kept_and_it_ends_in_good_order(
    engine: Engine, function_image: str, environment: dict[str, str]
) -> None:
    with serving(engine, function_image, "maintain_orders", environment) as (container, client):
        done = client.post("/", json={})
        assert done.status_code == 200, done.text
        assert {"partitions", "orders_stage"} <= done.json().keys()
        engine("stop", "-t", "10", container.name)
        assert container.exit_code() == 0
