"""The command `tally` where no stack runs: what it offers and how it refuses."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, create_engine, inspect

from orders.engine import pg8000_url

if TYPE_CHECKING:
    from tests.services.local.conftest import Tally

COMMANDS = ["demo", "up", "dev", "reset", "load-day", "reconcile", "migrate"]


def refusal(tally: "Tally", *arguments: str) -> str:
    """Run a command that must fail as the user's fault, and return what it says."""
    done = tally(*arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert tally.processes() == []
    return done.stderr


def test_help_explains_every_command(tally: "Tally") -> None:
    listed = tally("--help").stdout
    assert all(command in listed for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_its_own(tally: "Tally", command: str) -> None:
    done = tally(command, "--help")
    assert done.returncode == 0
    assert f"Usage: tally {command}" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--days", "1"),
        ("demo", "--seed", "x"),
        ("demo", "--nonsense"),
        ("up", "--api-port", "70000"),
        ("load-day", "yesterday"),
        ("load-day", "2026-02-30"),
        ("load-day", "--mode", "half"),
        ("reconcile", "--days", "0"),
        ("nonsense",),
    ],
)
def test_a_wrong_option_is_refused(tally: "Tally", arguments: tuple[str, ...]) -> None:
    assert refusal(tally, *arguments)


@pytest.mark.parametrize("command", ["demo", "up", "dev"])
def test_a_port_in_use_is_named(tally: "Tally", command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert f"port {port} for api is in use" in refusal(tally, command, "--api-port", port)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.csv", None, "No such file"),
        (".", None, "Is a directory"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00", "end-of-stream"),
        ("broken.csv.gz", b"\x1f\x8bnonsense", "compression method"),
    ],
)
def test_an_unreadable_file_is_named(
    tally: "Tally", tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    said = refusal(tally, "demo", "--orders", str(path))
    assert f"cannot read {path}" in said
    assert reason in said


@pytest.mark.parametrize("command", ["load-day", "reconcile", "migrate"])
def test_without_a_stack_the_user_is_told_how_to_start_one(tally: "Tally", command: str) -> None:
    assert "uv run poe up" in refusal(tally, command)


def test_a_state_directory_that_cannot_be_written_is_named(tally: "Tally", tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    tally.environ["TALLY_STATE_DIR"] = str(tmp_path / "file")
    assert f"cannot write to {tmp_path / 'file'}" in refusal(tally, "up", "--api-port", "0")


def test_reset_removes_the_state_and_may_be_repeated(tally: "Tally") -> None:
    (tally.state / "up").mkdir(parents=True)
    assert tally("reset").returncode == 0
    assert not tally.state.exists()
    assert tally("reset").returncode == 0


def test_migrate_brings_the_database_of_the_environment_up_to_date(
    tally: "Tally", engine: Engine, database_url: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    tally.environ["DATABASE_URL"] = database_url
    assert tally("migrate").returncode == 0
    fresh = create_engine(pg8000_url(database_url))
    assert {"orders", "order_changes"} <= set(inspect(fresh).get_table_names())
    fresh.dispose()


@pytest.mark.parametrize("url", ["postgresql://postgres@127.0.0.1:9/tally", "nonsense"])
def test_a_database_that_cannot_be_reached_is_a_clear_error(tally: "Tally", url: str) -> None:
    tally.environ["DATABASE_URL"] = url
    assert refusal(tally, "migrate").startswith("tally: ")


def test_output_to_nobody_is_no_error_of_ours(tally: "Tally") -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nobody:
        process = tally.start("reset", stdout=nobody)
        _, errors = process.communicate()
    assert "Traceback" not in errors
