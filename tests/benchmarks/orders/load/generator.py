"""The load: a process of its own that keeps so many connections busy for so many seconds."""

import json
import math
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tally_local.state import project_root

_SCRIPT = Path(__file__).with_name("wrk.lua")
_PATIENCE_S = 30


@dataclass(frozen=True)
class Target:
    """What is asked of a load generator."""

    url: str
    connections: int
    seconds: float
    bodies: Path
    """One JSON body a line; they are sent in turn."""
    key_prefix: str | None
    """Every request gets an Idempotency-Key that begins with it; None: no key."""


@dataclass(frozen=True)
class Sample:
    """What one run of a load generator saw. Answers still due at its end are not counted."""

    seconds: float
    answers: int
    refused: int
    """Answers that are not 201."""
    broken: int
    """Errors of the socket: connecting, reading, writing."""
    p50_ms: float | None
    p99_ms: float | None

    @property
    def created(self) -> int:
        """The answers 201."""
        return self.answers - self.refused


@dataclass(frozen=True)
class Generator:
    """A load generator: its name, and the command that prints a Sample as its last line."""

    name: str
    command: Callable[[Target], list[str]]


def best_generator() -> Generator:
    """Return wrk where it is installed, else the Python one. Their figures do not compare."""
    path = shutil.which("wrk")
    return wrk(path) if path else python_client()


def wrk(path: str) -> Generator:
    """Return wrk; it takes whole seconds and rounds up."""
    # -v is answered with a usage text and exit code 1.
    said = subprocess.run([path, "-v"], capture_output=True, text=True, check=False).stdout
    return Generator(" ".join(said.split()[:2]), lambda target: _wrk_command(path, target))


def python_client() -> Generator:
    """Return the generator on aiohttp: slower, so it takes more of the machine for itself."""
    return Generator(f"Python, aiohttp {version('aiohttp')}", _client_command)


def measure(generator: Generator, target: Target) -> Sample:
    """Put the load on the target.

    Raises:
        RuntimeError: The generator failed; the message holds what it said.
        subprocess.TimeoutExpired: It did not end; it has been killed.
    """
    done = subprocess.run(
        generator.command(target),
        cwd=project_root(),
        capture_output=True,
        text=True,
        timeout=target.seconds + _PATIENCE_S,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{generator.name} failed:\n{done.stdout}\n{done.stderr}")
    return Sample(**json.loads(done.stdout.splitlines()[-1]))


def write_bodies(path: Path, count: int = 10_000) -> None:
    """Write bodies for orders, the same every time."""
    seeded = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            body = {
                "customer_id": seeded.randint(1, 100_000),
                "total_cents": seeded.randint(100, 99_999),
                "region": seeded.choice(["us-west", "us-east", "eu-west", "ap-south"]),
                "currency": seeded.choice(["USD", "EUR", "JPY", "KWD"]),
            }
            file.write(json.dumps(body) + "\n")


def _wrk_command(path: str, target: Target) -> list[str]:
    # One thread of wrk is far from busy; two would take turns with the server on two cores.
    # An answer later than --timeout would be missing in the percentiles.
    options = [f"-d{math.ceil(target.seconds)}s", "--timeout", "60s", "-s", str(_SCRIPT)]
    command = [path, "-t1", f"-c{target.connections}", *options, target.url, "--"]
    return [*command, str(target.bodies), *_prefix(target)]


def _client_command(target: Target) -> list[str]:
    command = [sys.executable, "-m", "tests.benchmarks.orders.load.client", target.url]
    command += [str(target.connections), str(target.seconds), str(target.bodies)]
    return [*command, *_prefix(target)]


def _prefix(target: Target) -> list[str]:
    return [] if target.key_prefix is None else [target.key_prefix]
