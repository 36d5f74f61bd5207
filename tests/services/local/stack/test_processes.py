"""Child processes: their environment, and that none outlives what should end it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from tally_local.ports import in_use
from tally_local.stack.processes import RUN, Child, end_marked, environment

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('up', flush=True); time.sleep(600)"
)
PARENT = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', sys.argv[1]]);"
    " print(child.pid, flush=True); child.wait()"
)


class Run:
    """Marked processes of nobody's."""

    def __init__(self) -> None:
        self.name = uuid4().hex
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, *command: str) -> tuple[subprocess.Popen[str], str]:
        """Return a process, once it has written its first line, and that line."""
        process = subprocess.Popen(
            [sys.executable, "-c", *command],
            env=environment({}, **{RUN: self.name}),
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        assert process.stdout is not None
        with process.stdout:
            return process, process.stdout.readline().strip()

    def end(self) -> None:
        end_marked(RUN, self.name)
        for process in self._processes:
            process.wait()


@pytest.fixture
def run() -> Iterator[Run]:
    run = Run()
    yield run
    run.end()


@pytest.mark.parametrize(
    "name",
    [
        "GOOGLE_APPLICATION_CREDENTIALS",
        "CLOUDSDK_CORE_PROJECT",
        "BIGQUERY_EMULATOR_HOST",
        "DATABASE_URL",
        "INSTANCE_CONNECTION_NAME",
        "DB_USER",
        "PGHOST",
    ],
)
def test_a_child_gets_none_of_the_users_cloud_or_database_settings(name: str) -> None:
    assert environment({name: "theirs", "PATH": "/bin"}, X="1").keys() & {name, "PATH", "X"} == {
        "PATH",
        "X",
    }


def test_a_child_gets_what_it_is_told() -> None:
    told = environment({"DATABASE_URL": "theirs"}, DATABASE_URL="ours")
    assert told["DATABASE_URL"] == "ours"


def test_loopback_is_never_reached_through_a_proxy() -> None:
    assert environment({"NO_PROXY": "x"})["NO_PROXY"] == "127.0.0.1,localhost"


def test_a_marked_process_is_ended_with_its_children(run: Run) -> None:
    parent, child_id = run.start(PARENT, SLEEPER)
    child = psutil.Process(int(child_id))
    assert end_marked(RUN, run.name) == 2
    assert parent.poll() is not None
    assert psutil.wait_procs([child], timeout=10)[1] == []


def test_one_that_ignores_the_request_is_killed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tally_local.stack.processes._PATIENCE_S", 0.1)
    process, _ = run.start(STUBBORN)
    end_marked(RUN, run.name)
    assert process.poll() is not None


def test_processes_of_another_run_are_left_alone(run: Run) -> None:
    process, _ = run.start(SLEEPER)
    assert end_marked(RUN, "another") == 0
    assert process.poll() is None


def test_the_guard_ends_the_run_when_its_pipe_closes(run: Run) -> None:
    process, _ = run.start(SLEEPER)
    guard = subprocess.Popen(
        [sys.executable, "-m", "tally_local.stack.guard", run.name], stdin=subprocess.PIPE
    )
    assert process.poll() is None
    guard.communicate()
    assert process.poll() is not None


def test_a_dead_child_is_described_by_its_code_and_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('the port is taken'); raise SystemExit(3)"]
    child = Child("api", command, environment({}), tmp_path / "api.log")
    child.wait()
    assert not child.alive
    assert "api has ended with code 3" in child.obituary()
    assert "the port is taken" in child.obituary()


def test_only_a_child_that_listens_itself_counts_as_listening(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        child = Child("api", [sys.executable, "-c", SLEEPER], environment({}), tmp_path / "log")
        assert not child.listens_on(port)
        child.ask_to_stop()
        child.wait()
    listener = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    child = Child("api", listener, environment({}), tmp_path / "log")
    while child.alive and not in_use(port):
        pass
    assert child.listens_on(port)
    child.ask_to_stop()
    child.wait()


def test_a_child_that_is_asked_to_stop_stops(tmp_path: Path) -> None:
    child = Child("api", [sys.executable, "-c", SLEEPER], environment({}), tmp_path / "api.log")
    assert child.alive
    child.ask_to_stop()
    child.wait()
    assert not child.alive
