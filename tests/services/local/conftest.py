"""The command `tally` as users run it: a process of its own, in a state directory of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil
import pytest

from tally_local.stack.processes import STATE, end_marked

# What a laptop may have in its environment, and a stack must not care for.
_HOSTILE = {
    "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json",
    "GOOGLE_CLOUD_PROJECT": "somebody-elses",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9",
    "TERM": "dumb",
}
_NOT_OURS = ("DATABASE_URL", "INSTANCE_CONNECTION_NAME", "NO_PROXY", "no_proxy")


@dataclass
class Tally:
    """Runs `tally` on a state directory."""

    state: Path
    environ: dict[str, str] = field(default_factory=dict)
    _running: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(arguments),
            env=self._environ(),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def start(
        self, *arguments: str, stdout: IO[str] | int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        """Start a command that stays."""
        process = subprocess.Popen(
            self._command(arguments),
            env=self._environ(),
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._running.append(process)
        return process

    def started(self, until: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and wait until it has written a line with `until` in it."""
        process = self.start(*arguments)
        assert process.stdout is not None
        for line in process.stdout:
            if until in line:
                return process
        _, errors = process.communicate()
        pytest.fail(f"tally ended before it wrote {until!r}: {errors}")

    def processes(self) -> list[psutil.Process]:
        """Return every process that works in the state directory."""
        return [
            process
            for process in psutil.process_iter(["environ"])
            if (process.info["environ"] or {}).get(STATE) == str(self.state)
        ]

    def end(self) -> None:
        """End whatever a test has left."""
        for process in self._running:
            with process:
                process.kill()
        end_marked(STATE, str(self.state))

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        command = shutil.which("tally", path=str(Path(sys.executable).parent))
        assert command is not None
        return [command, *arguments]

    def _environ(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in _NOT_OURS}
        return kept | _HOSTILE | {"TALLY_STATE_DIR": str(self.state)} | self.environ


@pytest.fixture(scope="module")
def new_tally(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Tally]]:
    """Makes a `tally` with a state directory of its own; what it leaves running is ended."""
    made: list[Tally] = []

    def make() -> Tally:
        made.append(Tally(tmp_path_factory.mktemp("tally") / "state"))
        return made[-1]

    yield make
    for tally in made:
        tally.end()


@pytest.fixture
def tally(new_tally: Callable[[], Tally]) -> Tally:
    return new_tally()
