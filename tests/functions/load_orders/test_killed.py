"""Killing the function or the runner between any two steps loses nothing and doubles nothing.

Every step towards BigQuery is a request. A proxy kills the process with SIGKILL before the n-th
request is sent, or after it was carried out but before its answer arrives, for every n there is.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path

import httpx
import pytest

from tally_local.endpoints import Endpoints
from tally_local.ports import free_port
from tally_testing.fault_proxy import FaultProxy, Moment, fault_proxy
from tally_testing.shop import Shop
from tally_testing.waiting import wait_for

NextDay = Callable[[], date]
ROOT = Path(__file__).parents[3]
MAIN = ROOT / "functions" / "load_orders" / "main.py"
pytestmark = pytest.mark.slow
MANY = 40
"""More requests than either makes: a loop that gets there has not let it finish."""
MOMENTS: list[Moment] = ["before", "after"]


@pytest.fixture
def proxied(endpoints: Endpoints) -> Iterator[tuple[FaultProxy, str]]:
    with fault_proxy(endpoints.bigquery) as proxy:
        yield proxy


@contextmanager
def function(
    environment: dict[str, str], bigquery: str
) -> Iterator[tuple[str, Callable[[], None]]]:
    """The function under functions-framework; yields its URL and how to kill it."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "functions_framework", "--source", str(MAIN)]
    command += ["--target", "load_orders", "--host", "127.0.0.1", "--port", str(port)]
    env = os.environ | environment | {"BIGQUERY_EMULATOR_HOST": bigquery, "LOAD_CHUNK_BYTES": "900"}
    # functions-framework serves from a worker of its own: one kill must end both.
    with subprocess.Popen(command, env=env, start_new_session=True) as process:

        def kill() -> None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        try:
            wait_for(url)
            yield url, kill
        finally:
            kill()


def a_day_with_changes(shop: Shop) -> None:
    first = shop.order(total_cents=1999, region="us-west")
    shop.order(total_cents=500, currency="JPY")
    shop.order(total_cents=1234, currency="KWD")
    shop.sql("UPDATE orders SET status = 'paid' WHERE id = :id", id=first)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_function_killed_at_any_request_to_bigquery(
    shop: Shop,
    next_day: NextDay,
    environment: dict[str, str],
    proxied: tuple[FaultProxy, str],
    moment: Moment,
) -> None:
    proxy, bigquery = proxied
    killed = 0
    while killed < MANY:
        a_day_with_changes(shop)
        day = next_day()
        with function(environment, bigquery) as (url, kill):
            proxy.fail_at(killed + 1, moment, kill)
            body = {"day": day.isoformat()}
            try:
                answer = httpx.post(url, json=body, timeout=60)
            except httpx.TransportError:
                killed += 1
            else:
                assert answer.status_code == 200, answer.text
                break
        proxy.pass_on()
        shop.load(day)
        shop.reconcile()
    assert 5 <= killed < MANY
    shop.load(day)
    assert sum(one.orders for one in shop.sales().values()) == 3 * (killed + 1)
    shop.reconcile()


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_runner_killed_at_any_request_to_bigquery(
    shop: Shop,
    next_day: NextDay,
    endpoints: Endpoints,
    environment: dict[str, str],
    proxied: tuple[FaultProxy, str],
    tmp_path: Path,
    moment: Moment,
) -> None:
    proxy, bigquery = proxied
    killed = 0
    with function(environment, endpoints.bigquery) as (url, _):
        there = asdict(endpoints) | {"bigquery": bigquery}
        there |= {"function": url, "reconcile": url, "maintain": url, "api": url}
        (tmp_path / "endpoints.json").write_text(json.dumps(there))
        while killed < MANY:
            a_day_with_changes(shop)
            day = next_day()
            command = [str(Path(sys.executable).with_name("tally")), "load-day", day.isoformat()]
            env = os.environ | {"TALLY_STATE_DIR": str(tmp_path)}
            with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as runner:
                proxy.fail_at(killed + 1, moment, runner.kill)
                runner.communicate(timeout=60)
            if runner.returncode == 0:
                break
            assert runner.returncode == -9
            killed += 1
            proxy.pass_on()
            before = shop.tables()
            assert_whole(before)
            shop.load(day)
            shop.reconcile()
    assert 5 <= killed < MANY
    assert sum(one.orders for one in shop.sales().values()) == 3 * (killed + 1)
    shop.reconcile()


def assert_whole(tables: dict[str, list[tuple[object, ...]]]) -> None:
    """Whatever was published was published whole: each day of the ledger has all its rows."""
    days = {row[0]: str(row[2]).split(":")[1] for row in tables["load_ledger"]}
    counted: dict[object, int] = dict.fromkeys(days, 0)
    for row in tables["orders_raw"]:
        counted[row[0].date()] += 1  # type: ignore[attr-defined]
    assert counted == {day: int(rows) for day, rows in days.items()}
