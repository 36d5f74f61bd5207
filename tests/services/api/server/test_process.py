"""`python -m orders_api`: settings from the environment, or what is wrong with them."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tally_local.ports import free_port
from tally_testing.api_process import api_process

SECRET = "correct-horse-battery-staple"


def start(**settings: str) -> "subprocess.CompletedProcess[str]":
    """Start it with settings that are wrong."""
    command = [sys.executable, "-m", "orders_api"]
    environment = os.environ | settings
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_wrong_setting_is_named_at_once_and_no_secret_shown() -> None:
    done = start(
        K_SERVICE="tally",
        DATABASE_URL=f"{SECRET} is no URL",
        JWT_KEYS=f"first:{SECRET}",
        DB_POOL_SIZE="many",
        DRAIN_S="-1",
        LOG_LEVEL="loud",
        FEATURES_OFF="orders",
        RATE_LIMIT="often",
    )
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert {line.partition(": ")[0] for line in lines} == {
        "ALLOWED_HOSTS",
        "AUTH",
        "DATABASE_URL",
        "DB_POOL_SIZE",
        "DRAIN_S",
        "FEATURES_OFF",
        "JWT_KEYS",
        "LOG_LEVEL",
        "RATE_LIMIT",
    }
    assert len(lines) == 9
    assert SECRET not in done.stderr


def test_uvicorns_own_command_tells_the_same() -> None:
    command = [sys.executable, "-m", "uvicorn", "orders_api.main:app", "--port", str(free_port())]
    environment = os.environ | {"DB_POOL_SIZE": "many", "JWT_KEYS": f"first:{SECRET}"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    assert "DB_POOL_SIZE: Input should be a valid integer" in done.stderr
    assert "JWT_KEYS: a secret has 32 bytes at least" in done.stderr
    assert SECRET not in done.stderr


def test_a_port_that_is_taken_ends_the_process(database_url: str, tmp_path: Path) -> None:
    with api_process(database_url, tmp_path) as api:
        done = start(DATABASE_URL=database_url, PORT=str(api.port), LOG_FORMAT="json")
    assert done.returncode == 3
    assert "address already in use" in done.stdout


def test_on_cloud_run_it_listens_everywhere_and_asks_for_credentials(
    database_url: str, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "k_service": "tally",
        "auth": "required",
        "jwt_keys": f"first:{SECRET}-{SECRET}",
        "allowed_hosts": "tally.example.com",
    }
    with api_process(database_url, tmp_path, **settings) as api:
        assert httpx.get(f"http://127.0.0.2:{api.port}/health/startup").json() == {"status": "ok"}
        own = {"host": "tally.example.com"}
        assert httpx.get(f"{api.url}/orders", headers=own).status_code == 401
        assert httpx.get(f"{api.url}/orders").json()["type"] == "/problems/unknown-host"
        assert httpx.get(f"{api.url}/docs", headers=own).status_code == 404


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_last_line_is_written(
    database_url: str, tmp_path: Path, sent: signal.Signals
) -> None:
    with api_process(database_url, tmp_path) as api:
        api.process.send_signal(sent)
        assert api.process.wait(timeout=60) == -sent
        assert api.lines()[-1]["message"].startswith("Finished server process")
