"""A container that a test has started, as it runs in production: hardened."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from tally_testing.containers.engine import Engine

_HARDENED: Final = (
    "--read-only",
    "--tmpfs=/tmp",
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
        name = f"tally-test-{uuid4().hex[:12]}"
        engine(
            "run", "--detach", f"--name={name}", *_options(engine, env), *options, image, *command
        )
        try:
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
    hardened = _options(engine, env or {})
    arguments = ["run", "--rm", *hardened, *options, image, *command]
    return engine(*arguments, timeout_s=timeout_s)


def image_config(engine: Engine, image: str) -> dict[str, Any]:
    """Return what an image says of how it is run."""
    config: dict[str, Any] = json.loads(
        engine("image", "inspect", "--format={{json .Config}}", image)
    )
    return config


def _options(engine: Engine, env: Mapping[str, object]) -> list[str]:
    given = [f"--env={name}={value}" for name, value in env.items()]
    return [*_HARDENED, *engine.limits, *given]
