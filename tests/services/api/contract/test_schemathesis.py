"""The whole contract, tried with what it allows and what it forbids, by every kind of caller."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from orders_api.clients.database import Database
from orders_api.schemas.scopes import Role, Scope
from orders_api.settings import Settings
from tally_local.endpoints import Endpoints
from tally_testing.access import PASSWORD, Desk
from tally_testing.serving import serving

CONFIG = Path(__file__).with_name("schemathesis.toml")
FEWEST_CASES = 350

Credentials = Callable[[httpx.Client], dict[str, str]]


def log_in(client: httpx.Client, role: Role) -> dict[str, str]:
    form = {"grant_type": "password", "username": f"{role}@example.com", "password": PASSWORD}
    token = client.post("/auth/token", data=form).raise_for_status().json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def key(client: httpx.Client) -> dict[str, str]:
    wanted = {"name": "web shop", "scopes": [Scope.ORDERS_READ, Scope.ORDERS_WRITE]}
    made = client.post("/api-keys", json=wanted, headers=log_in(client, Role.ADMIN))
    return {"X-API-Key": made.raise_for_status().json()["key"]}


WHO: dict[str, Credentials] = {
    "nobody": lambda _: {},
    "api key": key,
    **{role.value: partial(log_in, role=role) for role in Role},
}


@pytest.fixture
def limitless(endpoints: Endpoints) -> dict[str, object]:
    """Settings of an API that takes many requests of one caller, with a warehouse."""
    return {
        "database_url": endpoints.postgres,
        "bigquery_project": endpoints.project,
        "bigquery_dataset": endpoints.dataset,
        "bigquery_emulator_host": endpoints.bigquery,
        "bigquery_timeout_s": 60,
        "rate_limit": "1000000/minute",
        # A stream ends when it has begun.
        "events_max_s": 0.01,
        "login_limit": "1000000/minute",
        "login_address_limit": "1000000/minute",
        "login_name_limit": "1000000/minute",
        # A stream of it may take an hour; it has tests of its own.
        "lab": False,
    }


@pytest.fixture
def guarded(engine: Engine, limitless: dict[str, object]) -> Iterator[httpx.Client]:
    """An API that lets nobody in unknown, with a user of each role."""
    settings = Settings.model_validate({**limitless, "auth": "required"})
    desk = Desk(Database(engine, waiters=1), lambda **_: settings)
    for role in Role:
        desk.register(f"{role}@example.com", role)
    with serving(settings) as client:
        yield client


def schemathesis(folder: Path, client: httpx.Client, headers: dict[str, str], *more: str) -> str:
    """Run it and return what it prints; assert that it found nothing."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    url = f"{client.base_url}/v1/openapi.json"
    ran = subprocess.run(
        [*command, url, *sent, *more],
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": str(CONFIG.with_name("schemathesis_hooks.py"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def cases(output: str) -> int:
    found = re.search(r"(\d[\d,]*) generated", output)
    assert found, output
    return int(found[1].replace(",", ""))


@pytest.mark.slow
@pytest.mark.parametrize("who", WHO)
def test_every_answer_is_one_that_the_contract_foresees(
    guarded: httpx.Client, who: str, tmp_path: Path
) -> None:
    output = schemathesis(tmp_path, guarded, WHO[who](guarded))
    assert cases(output) >= FEWEST_CASES, output


@pytest.mark.slow
def test_on_this_machine_nobody_need_say_who_they_are(
    limitless: dict[str, object], tmp_path: Path
) -> None:
    with serving(Settings.model_validate(limitless)) as client:
        # Without credentials all but `admin` is open here, which is what this check looks for.
        output = schemathesis(tmp_path, client, {}, "--exclude-checks", "ignored_auth")
    assert cases(output) >= FEWEST_CASES, output
