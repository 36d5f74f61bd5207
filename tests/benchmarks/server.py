"""A contender's application under uvicorn: one worker, the same settings for all."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tally_local.ports import free_port
from tally_local.stack.processes import environment, log_end
from tally_local.state import project_root

_PATIENCE_S = 30
_UVICORN = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--workers", "1"]
_UVICORN += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]

# Requests are counted as ever, and none is refused; no peer writes a line a request.
_LIFTED = {"RATE_LIMIT": "100000000/minute", "LOG_LEVEL": "warning"}


class Server:
    """An application as a child process on a loopback port, restarted as often as needed.

    Args:
        app: What uvicorn is given, `package.module:app`; or a module that serves by itself on PORT.
        database_url: The application finds it in its environment as DATABASE_URL.
        log: Where its output goes.
        **settings: More of its environment.
    """

    def __init__(self, app: str, database_url: str, log: Path, **settings: str) -> None:
        self._app = app
        self._environment = environment(
            os.environ, DATABASE_URL=database_url, **_LIFTED, **settings
        )
        self._log = log
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it; `wait` tells when it is up."""
        self._port = free_port()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=project_root(),
                env={**self._environment, "PORT": str(self._port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches only us, and we end it in order.
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it listens, which uvicorn does when the application has started.

        Raises:
            RuntimeError: It did not start; the message holds the end of its log.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while not self._listens():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"{self._app} did not start; {log_end(self._log)}")
            time.sleep(0.02)

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used; 0 when it does not run."""
        if self._process is None or self._process.poll() is not None:
            return 0
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Return how many bytes of memory it holds; 0 when it does not run."""
        if self._process is None or self._process.poll() is not None:
            return 0
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def stop(self, patience_s: float = 10) -> None:
        """Ask it to end and wait; kill it when its time is up."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _command(self) -> list[str]:
        if ":" in self._app:
            return [*_UVICORN, self._app, "--port", str(self._port)]
        return [sys.executable, "-m", self._app]

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0
