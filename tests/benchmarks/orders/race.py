"""The race: every contender up at once, one under load at a time, round by round in turn."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from tests.benchmarks.database import fresh_database
from tests.benchmarks.orders.contenders import Contender
from tests.benchmarks.orders.entrant import Entrant, Load
from tests.benchmarks.orders.load.generator import (
    Generator,
    Sample,
    Target,
    measure,
    write_bodies,
)
from tests.benchmarks.orders.plan import Plan
from tests.benchmarks.orders.results import Round
from tests.benchmarks.server import Server

from orders.engine import database_engine
from orders.migrate import upgrade
from orders.settings import DatabaseSettings


@contextmanager
def entrants(
    server_url: str,
    directory: Path,
    generator: Generator,
    contenders: Sequence[Contender],
) -> Iterator[list[Entrant]]:
    """Yield every contender, starting, on a fresh database of its own."""
    write_bodies(bodies := directory / "bodies.ndjson")
    with ExitStack() as resources:
        entered = []
        for contender in contenders:
            name = f"tally_bench_{uuid4().hex}"
            url = resources.enter_context(fresh_database(server_url, name))
            if contender.migrated:
                _migrate(url)
            log = directory / f"{name}.log"
            server = Server(contender.app, contender.url(url), log, **contender.settings)
            load = _load(generator, bodies, keyed=contender.keyed)
            resources.callback(server.stop)
            server.start()
            entered.append(Entrant(contender, url, server, load))
        yield entered


def run(plan: Plan, entered: Sequence[Entrant], tell: Callable[[str], None]) -> Iterator[Round]:
    """Yield the rounds: for each number of connections, all contenders in turn, again and again.

    Each round begins with another contender, so that none always follows the same one.
    """
    for entrant in entered:
        entrant.start(plan.warm_up_s)
    for stage in plan.stages:
        for number in range(1, stage.rounds + 1):
            tell(f"{stage.connections} connections, round {number} of {stage.rounds}")
            first = (number - 1) % len(entered)
            for entrant in (*entered[first:], *entered[:first]):
                yield entrant.round(stage, number, plan.warm_up_s)


def _migrate(url: str) -> None:
    with database_engine(DatabaseSettings.model_validate({"database_url": url})) as engine:
        upgrade(engine)


def _load(generator: Generator, bodies: Path, *, keyed: bool) -> Load:
    def load(url: str, connections: int, seconds: float) -> Sample:
        prefix = uuid4().hex if keyed else None
        return measure(generator, Target(f"{url}/orders", connections, seconds, bodies, prefix))

    return load
