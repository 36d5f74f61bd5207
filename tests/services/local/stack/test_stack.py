"""A stack that runs: what it offers, how it ends, and what survives it."""

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tally_local.endpoints import Endpoints
from tally_local.warehouse import warehouse

if TYPE_CHECKING:
    from tests.services.local.conftest import Tally

READY = "API docs"
KEYS = {"api", "function", "reconcile", "maintain", "bigquery", "postgres", "project", "dataset"}
PATIENCE_S = 30
UP = ("up", "--api-port", "0", "--bigquery-port", "0")


@dataclass
class Up:
    tally: "Tally"
    process: subprocess.Popen[str]

    @property
    def endpoints(self) -> dict[str, str]:
        path = self.tally.state / "endpoints.json"
        return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def up(new_tally: "Callable[[], Tally]") -> Up:
    """A stack under `tally up` that the tests of this file share."""
    tally = new_tally()
    return Up(tally, tally.started(READY, *UP))


@pytest.fixture
def own_up(tally: "Tally") -> Iterator[Up]:
    """A stack that a test may break."""
    yield Up(tally, tally.started(READY, *UP))
    assert tally.processes() == []


def all_gone(processes: list[psutil.Process]) -> bool:
    _, left = psutil.wait_procs(processes, timeout=PATIENCE_S)
    return left == []


def test_endpoints_json_says_where_everything_answers(up: Up) -> None:
    assert up.endpoints.keys() == KEYS
    assert httpx.get(up.endpoints["api"] + "/health/ready").status_code == 200
    assert httpx.get(up.endpoints["bigquery"]).json()["status"] == "ok"
    for name in ("function", "reconcile", "maintain", "postgres"):
        address = urlsplit(up.endpoints[name])
        socket.create_connection((address.hostname, address.port)).close()


def test_an_order_of_today_is_loaded_published_and_reconciled(up: Up) -> None:
    order = {"customer_id": 42, "total_cents": 1999, "region": "us-west"}
    httpx.post(up.endpoints["api"] + "/orders", json=order).raise_for_status()
    today = datetime.now(UTC).date()
    loaded = up.tally("load-day", str(today), "--mode", "open")
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.startswith(f"{today} open: 1 changes published")
    assert "receipt v1:1:1999:" in loaded.stdout
    reconciled = up.tally("reconcile")
    assert (reconciled.returncode, reconciled.stdout) == (0, "30 days, 1 loads: 0 differences\n")


def test_the_housekeeping_says_what_it_has_done(up: Up) -> None:
    kept = up.tally("maintain")
    assert kept.returncode == 0, kept.stderr
    done = dict(line.split(": ", 1) for line in kept.stdout.splitlines())
    assert json.loads(done["partitions"]) == {"made": [], "skipped": []}
    assert json.loads(done["idempotency_keys"]) == {"deleted": 0, "more": False}


def test_a_day_that_is_not_over_is_refused_at_once(up: Up) -> None:
    refused = up.tally("load-day", str(datetime.now(UTC).date()))
    assert refused.returncode == 2
    assert "is not closed yet" in refused.stderr


def test_a_day_to_come_is_refused(up: Up) -> None:
    refused = up.tally("load-day", "2999-01-01")
    assert refused.returncode == 2
    assert "lies in the future" in refused.stderr


@pytest.mark.parametrize("command", [UP, ("demo",), ("reset",)])
def test_beside_a_running_stack_a_second_one_and_a_reset_are_refused(
    up: Up, command: tuple[str, ...]
) -> None:
    refused = up.tally(*command)
    assert refused.returncode == 2
    assert "a stack runs already" in refused.stderr
    assert up.process.poll() is None
    assert up.endpoints.keys() == KEYS


def test_a_difference_is_named_until_the_day_is_loaded_again(up: Up) -> None:
    order = {"customer_id": 7, "total_cents": 12345, "currency": "KWD"}
    httpx.post(up.endpoints["api"] + "/orders", json=order).raise_for_status()
    load = ("load-day", str(datetime.now(UTC).date()), "--mode", "open")
    assert up.tally(*load).returncode == 0
    with warehouse(Endpoints(**up.endpoints)) as client:
        client.query_and_wait("UPDATE sales_daily SET net_revenue = 1 WHERE currency = 'KWD'")
    different = up.tally("reconcile")
    assert different.returncode == 1
    assert different.stderr.startswith("tally: not reconciled: 1 differences")
    assert "KWD" in different.stderr
    assert up.tally(*load).returncode == 0
    assert up.tally("reconcile").returncode == 0


def test_migrate_finds_the_running_stack(up: Up) -> None:
    assert up.tally("migrate").stdout == "the schema is at head\n"


def test_interrupted_it_leaves_no_process_and_no_endpoints(own_up: Up) -> None:
    processes = own_up.tally.processes()
    assert len(processes) >= 5
    own_up.process.send_signal(signal.SIGINT)
    assert own_up.process.wait(PATIENCE_S) == 0
    assert not any(process.is_running() for process in processes)
    assert not (own_up.tally.state / "endpoints.json").exists()


def test_interrupted_while_it_starts_it_leaves_no_process(tally: "Tally") -> None:
    process = tally.started("starting", "demo", "--days", "2")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 130
    assert tally.processes() == []


@pytest.mark.slow
def test_killed_it_leaves_no_process_and_the_next_one_starts_with_its_data(own_up: Up) -> None:
    order = {"customer_id": 42, "total_cents": 1999}
    location = httpx.post(own_up.endpoints["api"] + "/orders", json=order).headers["Location"]
    processes = own_up.tally.processes()
    own_up.process.kill()
    assert all_gone(processes)
    assert own_up.tally("reconcile").returncode == 2
    again = Up(own_up.tally, own_up.tally.started(READY, *UP))
    assert httpx.get(again.endpoints["api"] + location).json()["total_cents"] == 1999
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(PATIENCE_S) == 0


def test_the_death_of_a_part_is_told_and_ends_the_rest(own_up: Up) -> None:
    processes = own_up.tally.processes()
    victim = next(each for each in processes if "postgres" in each.name())
    victim.kill()
    assert own_up.process.wait(PATIENCE_S) == 2
    assert own_up.process.stderr is not None
    message = own_up.process.stderr.read()
    assert message.startswith("tally: Postgres has ended")
    assert "database system is ready" in message
    assert "Traceback (most recent call last)" not in message
    assert all_gone(processes)
