"""The state directory: one stack at a time, and a reset that never takes a running one's data."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tally_local.errors import UserError
from tally_local.stack.processes import environment
from tally_local.state import State, project_root

HOLDER = """
import sys
from tally_local.state import State
with State().held():
    print("held", flush=True)
    sys.stdin.read()
"""


def state_in(directory: Path) -> State:
    return State({"TALLY_STATE_DIR": str(directory)})


def test_it_is_in_the_checkout_unless_the_environment_names_another() -> None:
    assert State({}).directory == project_root() / ".tally"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env=environment(os.environ, TALLY_STATE_DIR=str(tmp_path)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_holder_is_refused(tmp_path: Path, held: subprocess.Popen[str]) -> None:
    with pytest.raises(UserError, match="runs already"), state_in(tmp_path).held():
        pass
    assert held.poll() is None


def test_a_killed_holder_holds_nothing(tmp_path: Path, held: subprocess.Popen[str]) -> None:
    held.kill()
    held.wait()
    with state_in(tmp_path).held():
        assert tmp_path.exists()


def test_reset_removes_everything(tmp_path: Path) -> None:
    state = state_in(tmp_path / "state")
    (state.directory / "up").mkdir(parents=True)
    state.reset()
    assert not state.directory.exists()
    state.reset()


def test_reset_is_refused_while_it_is_held(tmp_path: Path, held: subprocess.Popen[str]) -> None:
    (tmp_path / "up").mkdir()
    with pytest.raises(UserError, match="runs already"):
        state_in(tmp_path).reset()
    assert (tmp_path / "up").exists()
    assert held.poll() is None


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to"), state_in(tmp_path / "file").held():
        pass
