"""A client that is generated from the contract does what a program needs."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from orders_api.clients.database import Database
from orders_api.schemas.scopes import Role
from orders_api.settings import Settings
from tally_testing.access import PASSWORD, Desk
from tally_testing.contract.client import generate

WALK = Path(__file__).with_name("client_walk.py")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the generated client is."""
    folder = tmp_path_factory.mktemp("client")
    generate(folder)
    return folder


def test_it_takes_an_order_through_its_life(
    package: Path, fresh: httpx.Client, engine: Engine
) -> None:
    Desk(Database(engine, waiters=1), Settings).register("boss@example.com", Role.MANAGER)
    environment = os.environ | {"PYTHONPATH": str(package)}
    command = [sys.executable, str(WALK), f"{fresh.base_url}/v1", "boss@example.com", PASSWORD]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_it_and_whoever_uses_it_are_typed_without_a_gap(package: Path) -> None:
    environment = os.environ | {"MYPYPATH": str(package)}
    options = ["--strict", "--config-file", os.devnull, "--cache-dir", str(package / "cache")]
    command = [sys.executable, "-m", "mypy", *options, str(package / "tally_client"), str(WALK)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
