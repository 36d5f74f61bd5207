"""Runs a stack in Tally's own environment and does what the tests, in Airflow's, ask for.

One JSON object a line: the stack's endpoints first, then an answer to each request.
"""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text

from orders.engine import pg8000_url
from tally_local.clock import Clock
from tally_local.stack.services import Ports
from tally_local.stack.stack import running
from tally_local.state import State


class Desk:
    """What can be asked for; each method is a request, and its arguments are the members."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock = Clock(engine)
        self._held: list[Connection] = []

    def sql(self, statement: str, values: dict[str, Any]) -> list[list[Any]]:
        """Run a statement in a transaction of its own; return its rows."""
        with self._engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [list(row) for row in result] if result.returns_rows else []

    def move_to(self, instant: str) -> None:
        """Set the time of Postgres, from where it ticks on."""
        self._clock.move_to(datetime.fromisoformat(instant))

    def hold(self, statement: str, values: dict[str, Any]) -> None:
        """Run a statement in a transaction that stays open."""
        connection = self._engine.connect()
        connection.execute(text(statement), values)
        self._held.append(connection)

    def release(self) -> None:
        """Commit the transactions that are open."""
        while self._held:
            with self._held.pop() as connection:
                connection.commit()


def main(directory: str) -> None:
    """Run until the input ends."""
    with ExitStack() as resources:
        state = State({"TALLY_STATE_DIR": directory})
        stack = resources.enter_context(running(state, "up", Ports(), fresh=True))
        engine = create_engine(pg8000_url(stack.endpoints.postgres))
        resources.callback(engine.dispose)
        desk = Desk(engine)
        _say(vars(stack.endpoints))
        for line in sys.stdin:
            request = json.loads(line)
            _say(_answer(getattr(desk, request.pop("do")), request))


def _answer(do: Callable[..., Any], members: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": do(**members)}
    except Exception as error:  # noqa: BLE001  the test that asked is told
        return {"error": f"{type(error).__name__}: {error}"}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer, default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
