"""The state directory: one stack at a time, and a reset that never takes a running one's data."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tally_local.endpoints import draft_of
from tally_local.errors import UserError
from tally_local.stack.processes import environment
from tally_local.state import PARTS, State, project_root

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


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state directory as a stack leaves it."""
    state = state_in(tmp_path / "state")
    with state.held():
        for part in PARTS:
            (state.part(part, fresh=False) / "postgres").mkdir()
        state.endpoints.touch()
    return state


def test_reset_removes_everything(state: State) -> None:
    draft_of(state.endpoints).touch()
    assert state.reset() == []
    assert not state.directory.exists()
    assert state.reset() == []


def test_reset_removes_nothing_of_a_directory_that_tally_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "up" / "logs").mkdir(parents=True)
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UserError, match="was not made by Tally"):
        state_in(tmp_path).reset()
    assert {path.name for path in tmp_path.rglob("*")} == {"up", "logs", "thesis.txt"}


def test_reset_leaves_and_names_what_others_put_there(state: State) -> None:
    (state.directory / "notes").mkdir()
    (state.directory / "thesis.txt").touch()
    assert state.reset() == ["notes", "thesis.txt"]
    assert not (state.directory / "up").exists()
    assert not state.endpoints.exists()
    assert state.reset() == ["notes", "thesis.txt"]


def test_a_users_own_folder_with_the_name_of_a_part_survives(tmp_path: Path) -> None:
    state = state_in(tmp_path)
    with state.held():
        (tmp_path / "demo").mkdir()
        (tmp_path / "demo" / "tape.mp3").touch()
        with pytest.raises(UserError, match=r"demo was not made by Tally"):
            state.part("demo", fresh=True)
    assert state.reset() == ["demo"]
    assert (tmp_path / "demo" / "tape.mp3").exists()


def test_a_directory_with_foreign_files_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UserError, match="name an empty directory"), state_in(tmp_path).held():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_fresh_part_is_empty_and_another_keeps_its_data(state: State) -> None:
    assert [each.name for each in state.part("demo", fresh=True).iterdir()].count("postgres") == 0
    assert (state.part("up", fresh=False) / "postgres").exists()


def test_reset_is_refused_while_it_is_held(tmp_path: Path, held: subprocess.Popen[str]) -> None:
    part = state_in(tmp_path).part("up", fresh=False)
    with pytest.raises(UserError, match="runs already"):
        state_in(tmp_path).reset()
    assert part.exists()
    assert held.poll() is None


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to"), state_in(tmp_path / "file").held():
        pass
