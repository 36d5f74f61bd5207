"""Executions of workflows, in the emulator's own environment."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).with_name("emulator.py")


@dataclass
class Execution:
    """What a workflow did.

    Attributes:
        result: What it returned; None when it failed.
        error: The map or text that it raised; None when it did not.
        requests: Each with `method`, `url` and `auth`, in their order.
        slept: The seconds of each sleep; they pass at once.
    """

    result: Any = None
    error: Any = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)


class Emulator:
    """A process that executes one workflow at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def execute(
        self,
        file: Path,
        params: Mapping[str, Any],
        *,
        now: datetime,
        env: Mapping[str, str],
        subworkflow: str = "main",
        on_sleep: Callable[[], None] = lambda: None,
    ) -> Execution:
        """Run a workflow or one of its subworkflows to its end.

        Args:
            file: Its source.
            params: By their names.
            now: The workflow's time when it begins.
            env: Its environment variables.
            subworkflow: Which.
            on_sleep: Called whenever it sleeps, before it goes on.
        """
        execution = Execution()
        command = {"file": str(file), "subworkflow": subworkflow, "params": dict(params)}
        self._send({**command, "now": now.timestamp(), "env": dict(env)})
        while True:
            match self._receive():
                case {"request": request}:
                    execution.requests.append(request)
                case {"sleep": seconds}:
                    execution.slept.append(seconds)
                    on_sleep()
                    self._send({})
                case outcome:
                    execution.result, execution.error = outcome.get("result"), outcome.get("error")
                    return execution

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the emulator has ended with {self._process.wait()}"
        return json.loads(line)


@contextmanager
def emulating(python: Path) -> Iterator[Emulator]:
    """Yield an emulator that runs under an interpreter which has it."""
    pipe = subprocess.PIPE
    with subprocess.Popen([python, _PROGRAM], stdin=pipe, stdout=pipe, text=True) as process:
        yield Emulator(process)
