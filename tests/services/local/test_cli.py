"""The command `tally` where no stack runs: what it offers and how it refuses."""

import gzip
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tally_local.cli import app
from tally_local.ports import free_port
from tally_local.state import State

if TYPE_CHECKING:
    from tests.services.local.conftest import Tally

COMMANDS = ["demo", "up", "dev", "reset", "load-day", "reconcile", "maintain", "migrate"]


@dataclass(frozen=True)
class Ran:
    code: int
    output: str
    errors: str


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Runs a command in this process, on an empty state directory."""
    environ = {
        "TALLY_STATE_DIR": str(tmp_path / "state"),
        "DATABASE_URL": None,
        "INSTANCE_CONNECTION_NAME": None,
    }

    def run(*arguments: str, **more: str) -> Ran:
        result = CliRunner().invoke(app, arguments, env=environ | more)
        return Ran(result.exit_code, result.output, result.stderr)

    return run


def said(ran: Ran) -> str:
    """What a command that failed as the user's fault has said."""
    assert ran.code == 2, ran.output
    return ran.errors


def test_help_explains_every_command(run: Callable[..., Ran]) -> None:
    listed = run("--help").output
    assert all(command in listed for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_its_own(run: Callable[..., Ran], command: str) -> None:
    result = run(command, "--help")
    assert result.code == 0
    assert f"{command} [OPTIONS]" in result.output


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
        ("reconcile", "--days", "3651"),
        ("nonsense",),
    ],
)
def test_a_wrong_option_is_refused(run: Callable[..., Ran], arguments: tuple[str, ...]) -> None:
    assert "Error" in said(run(*arguments))


@pytest.mark.parametrize("command", ["demo", "up", "dev"])
def test_a_port_in_use_is_named(run: Callable[..., Ran], command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert f"port {port} for api is in use" in said(run(command, "--api-port", port))


@pytest.mark.parametrize("command", ["demo", "up"])
def test_the_same_port_for_two_parts_is_refused(run: Callable[..., Ran], command: str) -> None:
    port = str(free_port())
    refusal = said(run(command, "--api-port", port, "--bigquery-port", port))
    assert f"port {port} is given twice" in refusal


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.csv", None, "No such file"),
        (".", None, "not a regular file"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00", "end-of-stream"),
        ("utf16.csv", "customer_id,total_cents\n1,2\n".encode("utf-16"), "it is binary"),
        ("broken.csv.gz", b"\x1f\x8bnonsense", "compression method"),
    ],
)
def test_an_unreadable_file_is_named(
    run: Callable[..., Ran], tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    message = said(run("demo", "--orders", str(path)))
    assert f"cannot read {path}" in message
    assert reason in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "there are no orders in"),
        (b"\n \r\n", "there are no orders in"),
        (b"\xef\xbb\xbfcustomer_id,total_cents\r\n\r\n", "there are no orders in"),
        (gzip.compress(b"", mtime=0), "there are no orders in"),
        (b'[{"customer_id": 1, "total_cents": 2}]', "send one JSON object a line"),
    ],
)
def test_a_file_without_orders_is_refused_before_anything_starts(
    run: Callable[..., Ran], tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "orders"
    path.write_bytes(content)
    assert reason in said(run("demo", "--orders", str(path)))
    assert not (tmp_path / "state").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(run: Callable[..., Ran], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in said(run("demo", "--orders", str(tmp_path / "pipe")))


@pytest.mark.parametrize("command", ["load-day", "reconcile", "maintain", "migrate"])
def test_without_a_stack_the_user_is_told_how_to_start_one(
    run: Callable[..., Ran], command: str
) -> None:
    assert "uv run poe up" in said(run(command))


def test_a_state_directory_that_cannot_be_written_is_named(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    refusal = said(run("demo", TALLY_STATE_DIR=str(file)))
    assert f"cannot write to {file}" in refusal


def test_reset_removes_the_state_and_may_be_repeated(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    state = State({"TALLY_STATE_DIR": str(tmp_path / "state")})
    with state.held():
        state.part("up", fresh=False)
    assert run("reset").code == 0
    assert not (tmp_path / "state").exists()
    assert run("reset").code == 0


def test_reset_of_a_directory_of_somebody_elses_is_refused(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").touch()
    refusal = said(run("reset", TALLY_STATE_DIR=str(tmp_path)))
    assert f"{tmp_path} was not made by Tally" in refusal
    assert (tmp_path / "thesis.txt").exists()


def test_reset_says_what_it_leaves(run: Callable[..., Ran], tmp_path: Path) -> None:
    with State({"TALLY_STATE_DIR": str(tmp_path)}).held():
        (tmp_path / "notes").touch()
    assert run("reset", TALLY_STATE_DIR=str(tmp_path)).output.endswith("did not make it: notes\n")


def test_migrate_brings_the_database_of_the_environment_up_to_date(
    run: Callable[..., Ran], engine: Engine, database_url: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert run("migrate", DATABASE_URL=database_url).code == 0
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM order_changes").scalar() == 0


def test_a_revision_that_is_not_there_is_a_clear_error(
    run: Callable[..., Ran], database_url: str
) -> None:
    message = said(run("migrate", "nope", DATABASE_URL=database_url))
    assert message.endswith("Can't locate revision identified by 'nope'\n")


def test_what_postgres_refuses_is_told_in_its_own_words(
    run: Callable[..., Ran], database_url: str
) -> None:
    nowhere = database_url.rpartition("/")[0] + "/nowhere"
    message = said(run("migrate", DATABASE_URL=nowhere))
    assert message == 'tally: Postgres: database "nowhere" does not exist\n'


@pytest.mark.parametrize("url", ["postgresql://postgres@127.0.0.1:9/tally", "nonsense"])
def test_a_database_that_cannot_be_reached_is_a_clear_error(
    run: Callable[..., Ran], url: str
) -> None:
    assert said(run("migrate", DATABASE_URL=url)).startswith("tally: Postgres: ")


def test_a_refusal_of_the_installed_command_has_no_traceback(tally: "Tally") -> None:
    done = tally("reconcile")
    assert done.returncode == 2
    assert done.stderr.startswith("tally: no stack runs here")
    assert done.stderr.count("\n") == 1


def test_output_to_nobody_is_no_error_of_ours(tally: "Tally") -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nobody:
        errors = tally.start("reset", stdout=nobody).communicate()[1]
    assert "Traceback" not in errors
