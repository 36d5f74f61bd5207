"""What follows the change log goes on after any failure, and ends when it is told to."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import Engine, text

from orders.engine import Connect, database_connect, pooled_engine
from orders_api.clients.database import Database
from orders_api.services.feed.events import Event, Wanted
from orders_api.services.feed.feed import open_feed
from orders_api.services.feed.reader import Reader
from tally_testing.feed import changes, following
from tally_testing.serving import serving
from tally_testing.waiting import come_true, wait_until

PATIENCE_S = 60


@pytest.fixture
def connect(settings: Any) -> Iterator[Connect]:
    with database_connect(settings()) as connect:
        yield connect


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "feed-reader"]


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_failure_that_nobody_thought_of_ends_nothing(
    settings: Any, insert: Any, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    sequence = "order_changes_change_id_seq"
    with serving(settings()) as client, following(client, since=0) as stream:
        insert(2)
        assert [sent.id for sent in changes(stream, 2)] == [1, 2]
        # An answer without a row is nothing that a driver reports.
        run(
            engine,
            f"ALTER SEQUENCE {sequence} RENAME TO kept",
            f"CREATE VIEW {sequence} AS SELECT 1 AS last_value, true AS is_called WHERE false",
        )
        wait_until(lambda: "the feed failed" in caplog.text, "it has failed")
        insert(2)
        run(engine, f"DROP VIEW {sequence}", f"ALTER SEQUENCE kept RENAME TO {sequence}")
        insert()
        assert [sent.id for sent in changes(stream, 3)] == [3, 4, 5]
    assert "IndexError" in caplog.text


def test_it_ends_though_nobody_takes_what_it_publishes(connect: Connect) -> None:
    published = threading.Event()

    def publish(_after: int, _events: Sequence[Event], _final: int) -> "Future[None]":
        published.set()
        return Future()

    reader = Reader(connect, publish, 600)
    reader.start()
    try:
        assert published.wait(PATIENCE_S)
    finally:
        reader.stop()
    assert reader.join(PATIENCE_S)


def test_what_could_not_be_published_is_published_again(connect: Connect) -> None:
    """From the same place on."""
    places: list[int] = []
    enough = threading.Event()

    def publish(after: int, _events: Sequence[Event], _final: int) -> "Future[None]":
        places.append(after)
        taken: Future[None] = Future()
        if len(places) < 3:
            taken.set_exception(ValueError("not taken"))
        else:
            taken.set_result(None)
            enough.set()
        return taken

    reader = Reader(connect, publish, 600)
    reader.start()
    try:
        assert enough.wait(PATIENCE_S)
    finally:
        reader.stop()
    assert reader.join(PATIENCE_S)
    assert places == [0, 0, 0]


def test_one_that_was_stopped_while_idle_has_ended_when_the_feed_is_closed(
    connect: Connect, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders_api.services.feed.feed._IDLE_S", 0)

    async def come_and_go(database: Database) -> None:
        async with open_feed(connect, database, settings()) as feed:
            with feed.joined(await feed.admit(Wanted(), None, "")):
                [reader] = readers()
            await come_true(lambda: feed._reader is None)
        assert not reader.is_alive()

    with pooled_engine(connect, settings()) as engine:
        asyncio.run(come_and_go(Database(engine)))
