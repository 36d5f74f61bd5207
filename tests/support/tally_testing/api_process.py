"""The API as a process of its own, as it runs in production, and its log."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tally_local.ports import free_port
from tally_testing.waiting import wait_for


@dataclass(frozen=True)
class ApiProcess:
    """A process that serves the API on a loopback port.

    Args:
        process: The process.
        port: Where it listens.
        log: The file of its standard output and error.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the log, which are JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def memory(self) -> int:
        """Return how many bytes of memory it holds."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


@contextmanager
def api_process(
    database_url: str, directory: Path, *, out: int | None = None, **settings: object
) -> Iterator[ApiProcess]:
    """Run the API with these settings until the block ends.

    Args:
        database_url: Its database.
        directory: Where its log is kept.
        out: Where its lines go instead.
        **settings: More settings.
    """
    port = free_port()
    log = directory / f"api-{port}.log"
    chosen = {"DATABASE_URL": database_url, "PORT": str(port), "LOG_FORMAT": "json"}
    chosen |= {key.upper(): str(value) for key, value in settings.items()}
    command = [sys.executable, "-m", "orders_api"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=os.environ | chosen, stdout=out or file, stderr=subprocess.STDOUT
        )
    with process:
        try:
            wait_for(f"http://127.0.0.1:{port}/health/live", patience_s=120)
            yield ApiProcess(process, port, log)
        finally:
            process.kill()
