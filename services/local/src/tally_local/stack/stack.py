"""The whole of Tally on a laptop, from its start to its orderly end."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
from sqlalchemy.exc import SQLAlchemyError

from orders.engine import database_engine
from orders.migrate import upgrade
from orders.settings import DatabaseSettings
from tally_local.endpoints import Endpoints
from tally_local.errors import StackError, UserError, database_reason
from tally_local.ports import in_use
from tally_local.postgres import EmbeddedPostgres
from tally_local.stack import services
from tally_local.stack.processes import RUN, STATE, Child, end_marked, environment, log_end
from tally_local.stack.signals import interruptible, uninterruptible
from tally_local.state import State
from tally_local.warehouse import create_tables

_STARTUP_S = 60


class Stack:
    """Postgres, the BigQuery endpoint, the function's three entry points and the API.

    Made by `running`. Everything in it is local and anonymous.
    """

    def __init__(self, directory: Path, ports: services.Ports, marks: dict[str, str]) -> None:
        self.endpoints: Endpoints = services.endpoints_at(ports)
        self._directory = directory
        self._logs = directory / "logs"
        self._marks = marks
        self._children: list[Child] = []
        self._postgres = EmbeddedPostgres(
            directory / "postgres",
            ports.postgres,
            env=_env(marks),
            log=self._logs / "postgres.log",
        )

    def start(self, ports: services.Ports, *, reload: bool) -> None:
        """Start everything and wait until all of it answers.

        Raises:
            StackError: A part did not start.
        """
        # The endpoint first: its analyzer takes seconds to warm up in the background.
        bigquery = services.bigquery(ports, self._directory / "bigquery")
        others = [*services.functions(ports), services.api(ports, reload=reload)]
        for service in (bigquery, *others):
            self._spawn(service)
        try:
            self._postgres.start()
        except RuntimeError as error:
            raise StackError(str(error)) from error
        _migrate(self._postgres, self.endpoints)
        self._wait_for(bigquery)
        create_tables(self.endpoints)
        for service in others:
            self._wait_for(service)

    def check(self) -> None:
        """Make sure that every part still runs.

        Raises:
            StackError: One has died.
        """
        for child in self._children:
            if not child.alive:
                raise StackError(child.obituary())
        if not self._postgres.alive:
            raise StackError(f"Postgres has ended; {log_end(self._postgres.log)}")

    @contextlib.contextmanager
    def blamed(self) -> Iterator[None]:
        """Name the dead part when something in the block fails for want of it.

        Raises:
            StackError: A part has died.
        """
        try:
            yield
        except UserError:
            self.check()
            raise

    def watch(self) -> None:
        """Stay until a part dies or the user interrupts.

        Raises:
            StackError: One has died.
            KeyboardInterrupt: The user wants to stop.
        """
        while True:
            self.check()
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop everything in the reverse order of need: Postgres last."""
        bigquery, others = self._children[:1], self._children[1:]
        for group in (others, bigquery):
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.wait()
        self._postgres.stop()

    def _spawn(self, service: services.Service) -> None:
        env = _env(self._marks | service.settings)
        log = self._logs / f"{service.name}.log"
        self._children.append(Child(service.name, service.command, env, log))

    def _wait_for(self, service: services.Service) -> None:
        deadline = time.monotonic() + _STARTUP_S
        with httpx.Client(trust_env=False, timeout=5) as client:
            child = next(each for each in self._children if each.name == service.name)
            while not (_answers(client, service) and child.listens_on(_port(service.health))):
                self.check()
                if time.monotonic() > deadline:
                    raise StackError(f"{service.name} did not answer in time; see {self._logs}")
                time.sleep(0.05)
        self.check()


@contextlib.contextmanager
def running(
    state: State,
    name: str,
    ports: services.Ports,
    *,
    fresh: bool = False,
    reload: bool = False,
) -> Iterator[Stack]:
    """Run a stack on the data of `<state>/<name>/`; it ends with the block, whatever happens.

    Args:
        state: Where all state is.
        name: Which data: `up` or `demo`.
        ports: Those at 0 become free ones.
        fresh: Begin with empty data.
        reload: Restart the API when its code changes.

    Raises:
        UserError: A port is taken or given twice, another stack holds the state directory, or
            Tally has not made it.
        StackError: A part did not start.
    """
    _refuse_unusable(ports)
    with state.held():
        state.endpoints.unlink(missing_ok=True)
        end_marked(STATE, str(state.directory))
        marks = {RUN: uuid4().hex, STATE: str(state.directory)}
        directory = state.part(name, fresh=fresh)
        with interruptible(), _guarded(marks[RUN]):
            chosen = ports.chosen()
            stack = Stack(directory, chosen, marks)
            try:
                stack.start(chosen, reload=reload)
                stack.endpoints.write(state.endpoints)
                yield stack
            finally:
                with uninterruptible():
                    state.endpoints.unlink(missing_ok=True)
                    stack.stop()


def _refuse_unusable(ports: services.Ports) -> None:
    given = [port for port in vars(ports).values() if port]
    if twice := [port for port in given if given.count(port) > 1]:
        raise UserError(f"port {twice[0]} is given twice; each part needs its own")
    for name, port in vars(ports).items():
        if port and in_use(port):
            raise UserError(
                f"port {port} for {name} is in use; give another or stop what listens there"
            )


def _env(settings: dict[str, str]) -> dict[str, str]:
    return environment(os.environ, **settings)


def _port(url: str) -> int:
    return httpx.URL(url).port or 0


def _answers(client: httpx.Client, service: services.Service) -> bool:
    try:
        return service.healthy(client.get(service.health))
    except httpx.TransportError:
        return False


def _migrate(postgres: EmbeddedPostgres, endpoints: Endpoints) -> None:
    try:
        postgres.create_database(services.DATABASE)
        settings = DatabaseSettings.model_validate({"database_url": endpoints.postgres})
        with database_engine(settings) as engine:
            upgrade(engine)
    except SQLAlchemyError as error:
        raise StackError(f"the database could not be migrated: {database_reason(error)}") from error


@contextlib.contextmanager
def _guarded(run: str) -> Iterator[None]:
    """Leave no process of the run behind, even if we are killed: the guard reads our pipe."""
    command = [sys.executable, "-m", "tally_local.stack.guard", run]
    guard = subprocess.Popen(  # noqa: S603  our own module
        command, stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        with uninterruptible():
            guard.communicate()
