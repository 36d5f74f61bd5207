"""What tests of the feed write."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from orders.engine import database_engine
from orders.settings import DatabaseSettings
from orders_api.settings import Settings
from tally_testing.prepared import roll_back_prepared

Post = Callable[..., int]

INSERT = """
    INSERT INTO orders (customer_id, total_cents, currency, region, status, changed_by)
    VALUES (:customer, 1, 'USD', :region, 'pending', 'test') RETURNING id"""


def settings_for(url: str, **values: object) -> Settings:
    chosen = {"database_url": url, "rate_limit": "1000000/minute", "events_poll_s": 0.2}
    return Settings.model_validate(chosen | values)


@pytest.fixture
def settings(database_url: str) -> Callable[..., Settings]:
    """Settings on the test's own database."""
    return partial(settings_for, database_url)


@pytest.fixture
def insert(engine: Engine) -> Callable[..., list[int]]:
    """Writes orders past the API, in a transaction of their own."""

    def write(count: int = 1, region: str = "eu", customer: int = 1) -> list[int]:
        with engine.begin() as connection:
            values = {"customer": customer, "region": region}
            return [connection.execute(text(INSERT), values).scalar_one() for _ in range(count)]

    return write


class Writers:
    """Transactions that interleave and end in any order, all by one thread.

    Each connection changes orders of its own, so that none waits for another.

    Args:
        engine: Makes the connections.
        seed: Names what they do.
    """

    def __init__(self, engine: Engine, seed: int, count: int = 8) -> None:
        self._random = Random(seed)
        self._stack = ExitStack()
        # Prepared transactions may not have notified.
        self._sessions = [self._stack.enter_context(engine.connect()) for _ in range(count)]
        self._orders: list[list[int]] = [[] for _ in range(count)]
        self._written: list[list[int]] = [[] for _ in range(count)]
        self._prepared: list[tuple[int, str, list[int]]] = []
        self._finisher = self._stack.enter_context(
            engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        )

    def step(self) -> None:
        """Let one of them do something."""
        number = self._random.randrange(len(self._sessions))
        session = self._sessions[number]
        # The first lingers: it holds what is final back.
        ending = 0.02 if number == 0 else 0.4
        if session.in_transaction() and self._random.random() < ending:
            self._end(number, session)
        elif not any(owner == number for owner, _, _ in self._prepared):
            self._write(number, session)
        elif self._random.random() < 0.3:
            self._finish(number)

    def close(self) -> None:
        """End all that is open."""
        for number, session in enumerate(self._sessions):
            self._finish(number)
            session.commit()
        self._stack.close()

    def _write(self, number: int, session: Connection) -> None:
        orders = self._orders[number] + self._written[number]
        kind = self._random.random()
        if not orders or kind < 0.4:
            values = {"customer": number + 1, "region": "eu"}
            self._written[number].append(session.execute(text(INSERT), values).scalar_one())
        elif kind < 0.9:
            change = text(
                "UPDATE orders SET metadata = jsonb_build_object('n', CAST(:n AS text))"
                " WHERE id = :id"
            )
            session.execute(change, {"n": uuid4().hex, "id": self._random.choice(orders)})
        else:
            order = self._random.choice(orders)
            session.execute(text("DELETE FROM orders WHERE id = :id"), {"id": order})

    def _end(self, number: int, session: Connection) -> None:
        written, self._written[number] = self._written[number], []
        kind = self._random.random()
        if kind < 0.25:
            session.rollback()
        elif kind < 0.4:
            name = uuid4().hex
            session.execute(text(f"PREPARE TRANSACTION '{name}'"))
            session.rollback()
            self._prepared.append((number, name, written))
        else:
            session.commit()
            self._orders[number] += written

    def _finish(self, number: int) -> None:
        """Commit or roll back what a connection prepared."""
        for prepared in [one for one in self._prepared if one[0] == number]:
            self._prepared.remove(prepared)
            _, name, written = prepared
            how = self._random.choice(("COMMIT", "ROLLBACK"))
            self._finisher.execute(text(f"{how} PREPARED '{name}'"))
            if how == "COMMIT":
                self._orders[number] += written


@contextmanager
def writers(url: str, seed: int) -> Iterator[None]:
    """Write in a thread while the block runs; all is ended behind it."""
    over = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        settings = DatabaseSettings.model_validate({"database_url": url, "db_pool_size": 12})
        try:
            with database_engine(settings) as engine, closing(Writers(engine, seed)) as at_work:
                while not over.is_set():
                    at_work.step()
        except BaseException as error:  # noqa: BLE001  the test shall fail of it
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        roll_back_prepared(url)
    assert not failures


@pytest.fixture
def writing() -> Any:
    return writers
