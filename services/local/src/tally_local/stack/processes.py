"""Child processes: started apart from the terminal, marked, ended to the last one.

Every child carries the stack's marks in its environment and hands them on to its own children,
so that whatever a killed run left behind can be found and ended.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

RUN = "TALLY_RUN"
"""Names the run that a process belongs to."""
STATE = "TALLY_RUN_STATE"
"""Names the state directory that a process works in."""

_PATIENCE_S = 10
_LOG_END = 2_000
# Settings of the user's own cloud, database or proxy have no business in a laptop stack.
_FOREIGN = (
    "GOOGLE_", "GCLOUD_", "GCP_", "CLOUDSDK_", "BIGQUERY_", "FUNCTION_", "GUNICORN_",
    "UVICORN_", "K_", "DB_", "PG", "DATABASE_URL", "INSTANCE_CONNECTION_NAME", "PORT",
)  # fmt: skip


def environment(base: Mapping[str, str], **settings: str) -> dict[str, str]:
    """Return the environment of a child: the user's without foreign settings, plus ours."""
    kept = {key: value for key, value in base.items() if not key.upper().startswith(_FOREIGN)}
    local = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    return kept | local | {"NO_GCE_CHECK": "true", "PYTHONUNBUFFERED": "1"} | settings


class Child:
    """A running child process whose output goes to a log file.

    It has a session of its own: a Ctrl-C in the terminal reaches only us, and we end it in order.
    """

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  our own commands
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def listens_on(self, port: int) -> bool:
        """Tell whether it, or a process that it started, listens on the TCP port."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for each in (process, *process.children(recursive=True))
                for connection in each.net_connections("tcp")
            )
        return False

    def obituary(self) -> str:
        """Say how it ended, with the end of its log."""
        return f"{self.name} has ended with code {self._process.poll()}; {log_end(self._log)}"

    def ask_to_stop(self) -> None:
        """Ask it to finish what it does and end."""
        self._process.terminate()

    def wait(self) -> None:
        """Wait for its end; one that does not come is forced."""
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            end_trees([psutil.Process(self._process.pid)], patience_s=0)
            self._process.wait()


def log_end(log: Path) -> str:
    """Say what a log file says last."""
    end = log.read_text(encoding="utf-8", errors="replace")[-_LOG_END:].rstrip()
    return f"{log} says:\n{end}"


def end_marked(mark: str, value: str) -> int:
    """End every process whose environment carries the mark; return how many there were."""
    marked = {
        process.pid: process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(mark) == value and process.pid != os.getpid()
    }
    # A server ends its own workers; signals of ours would only confuse it.
    roots = [process for process in marked.values() if _parent_id(process) not in marked]
    end_trees(roots, patience_s=_PATIENCE_S)
    return len(marked)


def end_trees(roots: Sequence[psutil.Process], *, patience_s: float) -> None:
    """Ask the processes to stop; after `patience_s` kill what is left of them and theirs."""
    everyone = list(roots)
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            everyone += root.children(recursive=True)
            # Postgres waits for its clients on SIGTERM, and ends them on SIGINT.
            postgres = os.name != "nt" and root.name().startswith("postgres")
            root.send_signal(signal.SIGINT if postgres else signal.SIGTERM)
    for process in _left_after(everyone, patience_s):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _left_after(everyone, _PATIENCE_S)


def _left_after(processes: Sequence[psutil.Process], patience_s: float) -> list[psutil.Process]:
    """Wait for the processes to end; return those that have not."""
    deadline = time.monotonic() + patience_s
    while (left := [each for each in processes if _runs(each)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _runs(process: psutil.Process) -> bool:
    # A dead child stays a zombie until its parent asks for it, which may be never.
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _parent_id(process: psutil.Process) -> int | None:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.ppid()
    return None
