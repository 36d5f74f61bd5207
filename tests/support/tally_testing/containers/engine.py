"""Docker where its daemon answers, else Podman with what works without a host's help."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STORE: Final = Path.home() / ".cache" / "tally-containers"
"""Podman's images for tests, apart from the user's own; the stand-in stays there."""

# With vfs a layer is a whole copy: slow, but it works on every file system.
_STORAGE_DRIVERS: Final = ("overlay", "vfs")
# A build has no namespaces of its own, so that it works inside a container or a sandbox, too.
_PODMAN_ENVIRONMENT: Final = {"BUILDAH_ISOLATION": "chroot"}
# The engine's own limits may be above what a sandbox lets it set.
_PODMAN_LIMITS: Final = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")


@dataclass(frozen=True)
class Engine:
    """A program that builds images and runs them.

    Args:
        command: The program, with the options that every call needs.
        limits: Options of `run` and `create`.
        build_options: Options of `build`.
        environment: What its environment has beside ours.
    """

    command: Sequence[str]
    limits: Sequence[str]
    build_options: Sequence[str]
    environment: Mapping[str, str]

    @property
    def is_podman(self) -> bool:
        """Whether it is Podman."""
        return self.command[0] == "podman"

    def __call__(self, *arguments: str, timeout_s: float = 120) -> str:
        """Run a command of it and return what it prints.

        Raises:
            RuntimeError: It failed; the message ends with what it said.
        """
        command = [*self.command, *arguments]
        done = self._run(command, timeout_s)
        if done.returncode:
            said = (done.stdout + done.stderr)[-4000:]
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
        return done.stdout

    def has(self, image: str) -> bool:
        """Tell whether the image is there."""
        return self._run([*self.command, "image", "inspect", image], 60).returncode == 0

    def build(self, dockerfile: Path, root: Path, tag: str, **arguments: str) -> None:
        """Build an image from the repository's root; `arguments` are build arguments."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        options = [*self.build_options, *given, "--file", str(dockerfile), "--tag", tag]
        self("build", *options, str(root), timeout_s=600)

    def _run(self, command: Sequence[str], timeout_s: float) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def find_engine() -> Engine:
    """Return the engine to use.

    Raises:
        RuntimeError: There is none.
    """
    if shutil.which("docker"):
        # A builder that runs in a container keeps what it built, unless told to hand it over.
        docker = Engine(["docker"], (), ("--load",), {"DOCKER_BUILDKIT": "1"})
        if docker._run(["docker", "info"], 60).returncode == 0:
            return docker
    if shutil.which("podman"):
        for driver in _STORAGE_DRIVERS:
            podman = _podman(driver)
            if podman._run([*podman.command, "info"], 60).returncode == 0:
                return podman
    raise RuntimeError("neither docker nor podman runs here: .ci/container-tools installs podman")


def _podman(driver: str) -> Engine:
    store = STORE / driver
    store.mkdir(parents=True, exist_ok=True)
    places = (f"--root={store}/storage", f"--runroot={store}/run")
    command = ("podman", *places, f"--storage-driver={driver}", "--runtime=runc")
    # Only Docker's format has health checks.
    return Engine(command, _PODMAN_LIMITS, ("--format=docker",), _PODMAN_ENVIRONMENT)
