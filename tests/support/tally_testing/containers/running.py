"""A container that a test has started, as it runs in production: hardened."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import psutil

from tally_testing.containers.engine import Engine

_PREFIX: Final = "tally-test-"
_HARDENED: Final = (
    "--read-only",
    # As Docker mounts it; Podman by itself lets programs run from there.
    "--tmpfs=/tmp:rw,noexec,nosuid,nodev",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)


@dataclass(frozen=True)
class Container:
    """A container: with a read-only root, without capabilities.

    Args:
        engine: What runs it.
        name: Its name.
    """

    engine: Engine
    name: str

    @classmethod
    @contextmanager
    def running(
        cls,
        engine: Engine,
        image: str,
        *command: str,
        env: Mapping[str, object],
        options: tuple[str, ...] = (),
    ) -> "Iterator[Container]":
        """Run one in the background until the block ends."""
        name = _name()
        engine("create", f"--name={name}", *_options(engine, env), *options, image, *command)
        try:
            engine("start", name)
            yield cls(engine, name)
        finally:
            engine("rm", "--force", "--volumes", name)

    def exec(self, *command: str) -> str:
        """Run a command in it and return what it prints."""
        return self.engine("exec", self.name, *command)

    def logs(self) -> str:
        """Return what it has written to its standard output."""
        return self.engine("logs", self.name)

    def exit_code(self) -> int:
        """Wait until it has ended, and return its exit code."""
        return int(self.engine("wait", self.name))

    def is_healthy(self) -> bool:
        """Run the image's health check in it, and tell what it says."""
        config = self.engine("inspect", "--format={{json .Config.Healthcheck}}", self.name)
        kind, *check = json.loads(config)["Test"]
        assert kind == "CMD"
        try:
            self.exec(*check)
        except RuntimeError:
            return False
        return True


def run_once(
    engine: Engine,
    image: str,
    *command: str,
    env: Mapping[str, object] | None = None,
    options: tuple[str, ...] = (),
    timeout_s: float = 120,
) -> str:
    """Run a command in a container of its own; return what it prints."""
    given = [f"--name={(name := _name())}", *_options(engine, env or {}), *options]
    try:
        return engine("run", "--rm", *given, image, *command, timeout_s=timeout_s)
    except BaseException as error:
        # It runs on when the engine's own command is killed; one that ended is gone by --rm.
        if not isinstance(error, RuntimeError):
            engine("rm", "--force", "--volumes", name)
        raise


def image_config(engine: Engine, image: str) -> dict[str, Any]:
    """Return what an image says of how it is run."""
    config: dict[str, Any] = json.loads(
        engine("image", "inspect", "--format={{json .Config}}", image)
    )
    return config


def remove_abandoned(engine: Engine) -> None:
    """Remove the containers of runs that were killed: nobody else will end them."""
    names = engine("ps", "--all", f"--filter=name={_PREFIX}", "--format={{.Names}}").split()
    for name in names:
        pid = name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            engine("rm", "--force", "--volumes", name)


def _name() -> str:
    return f"{_PREFIX}{os.getpid()}-{uuid4().hex[:12]}"


def _options(engine: Engine, env: Mapping[str, object]) -> list[str]:
    given = [f"--env={name}={value}" for name, value in env.items()]
    return [*_HARDENED, *engine.limits, *given]
