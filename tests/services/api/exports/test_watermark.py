"""The watermark: everything up to it is in the export, whoever commits late, or never."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Connection, Engine, text

from orders_api.settings import Settings
from tally_testing.prepared import roll_back_prepared
from tally_testing.scratch import outside_transactions
from tally_testing.waiting import wait_until

INSERT = text("INSERT INTO orders (customer_id, total_cents) VALUES (:customer, 1) RETURNING id")
WAITING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND (query = 'ROLLBACK' OR query LIKE 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;%')
""")
LATEST = """
    SELECT order_id, version, op FROM order_changes WHERE change_id <= :watermark
    ORDER BY change_id"""


@pytest.fixture
def patient(database_url: str, serve: Any) -> Iterator[httpx.Client]:
    """An API whose exports wait for as long as a test may need."""
    with serve(settings(database_url, export_wait_s=60)) as client:
        yield client


def settings(url: str, **values: Any) -> Settings:
    return Settings.model_validate({"database_url": url, **values})


@pytest.fixture
def gid(database_url: str) -> Iterator[str]:
    """A name for a prepared transaction; should it be left, it is rolled back."""
    yield uuid4().hex
    roll_back_prepared(database_url)


@contextmanager
def writing(engine: Engine, customer: int) -> Iterator[Connection]:
    """Yield a transaction that has written an order and is still open."""
    with engine.connect() as connection:
        connection.execute(INSERT, {"customer": customer})
        yield connection
        connection.rollback()


def orders(answer: httpx.Response) -> dict[int, int]:
    """Return the version of each order that an export holds."""
    assert answer.status_code == 200, answer.text
    found = [json.loads(line) for line in answer.text.splitlines()]
    return {order["id"]: order["version"] for order in found}


def due(engine: Engine, watermark: int) -> dict[int, int]:
    """Return the version of each order after all changes up to the watermark."""
    with engine.connect() as connection:
        state = {}
        for order_id, version, op in connection.execute(text(LATEST), {"watermark": watermark}):
            state[order_id] = version
            if op == "D":
                del state[order_id]
        return state


def exporting(api: httpx.Client) -> tuple[threading.Thread, list[httpx.Response]]:
    """Begin an export in a thread; the list will hold its answer."""
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(api.get("/orders:export")))
    thread.start()
    return thread, answers


def waiting(engine: Engine) -> bool:
    """Tell whether an export has taken a snapshot, found it too old, and let it go."""
    with engine.connect() as connection:
        return bool(connection.execute(WAITING).scalar_one())


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_an_export_waits_for_a_transaction_that_was_open_before(
    patient: httpx.Client, engine: Engine, end: str
) -> None:
    with writing(engine, 1) as late:
        patient.post("/orders", json={"customer_id": 2, "total_cents": 1}).raise_for_status()
        thread, answers = exporting(patient)
        wait_until(lambda: waiting(engine), "the export waits")
        assert answers == []
        getattr(late, end)()
        thread.join()
    assert answers[0].headers["tally-watermark"] == "2"
    assert set(orders(answers[0])) == ({1, 2} if end == "commit" else {2})


@pytest.mark.parametrize("end", ["COMMIT PREPARED", "ROLLBACK PREPARED"])
def test_an_export_waits_for_a_prepared_transaction(
    patient: httpx.Client, engine: Engine, database_url: str, gid: str, end: str
) -> None:
    with engine.connect() as connection:
        connection.execute(INSERT, {"customer": 1})
        connection.execute(text(f"PREPARE TRANSACTION '{gid}'"))
    thread, answers = exporting(patient)
    wait_until(lambda: waiting(engine), "the export waits")
    assert answers == []
    with outside_transactions(database_url) as connection:
        connection.execute(text(f"{end} '{gid}'"))
    thread.join()
    assert answers[0].headers["tally-watermark"] == "1"
    assert set(orders(answers[0])) == ({1} if end == "COMMIT PREPARED" else set())


def test_a_transaction_that_stays_open_is_the_reason_of_a_503(
    database_url: str, engine: Engine, serve: Any, problem: Any
) -> None:
    with serve(settings(database_url, export_wait_s=0.2)) as api:
        with writing(engine, 1):
            answer = api.get("/orders:export")
            found = problem(answer)
            assert found["type"] == "/problems/unavailable"
            assert "has not ended within 0.2 s" in found["detail"]
            assert answer.headers["retry-after"]
        # Now and then another test has one open, in another database.
        wait_until(lambda: api.get("/orders:export").status_code == 200, "it has ended")


def test_a_transaction_in_another_database_is_told_of(
    database_url: str, shared_engine: Engine, serve: Any, problem: Any
) -> None:
    with (
        serve(settings(database_url, export_wait_s=0.2)) as api,
        writing(shared_engine, 1),
    ):
        found = problem(api.get("/orders:export"))
        assert "in any database of this server" in found["detail"]


def test_one_that_begins_later_is_not_waited_for(patient: httpx.Client, engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM orders"))
        # It has read and not written: it was given neither a transaction id nor a change_id.
        assert patient.get("/orders:export").status_code == 200
        connection.execute(INSERT, {"customer": 1})


def test_what_was_deleted_is_gone_and_counts_for_the_watermark(patient: httpx.Client) -> None:
    for _ in range(2):
        patient.post("/orders", json={"customer_id": 1, "total_cents": 1})
    patient.delete("/orders/1", headers={"if-match": "*"}).raise_for_status()
    answer = patient.get("/orders:export")
    assert (answer.headers["tally-watermark"], orders(answer)) == ("3", {2: 1})


def write(engine: Engine, seed: int, enough: threading.Event) -> None:
    """Create, change and delete orders in transactions that interleave, some rolled back."""
    random = Random(seed)
    own: list[int] = []
    while not enough.is_set():
        with engine.connect() as connection:
            made = []
            for _ in range(random.randint(1, 4)):
                made.append(connection.execute(INSERT, {"customer": seed}).scalar_one())
                enough.wait(random.random() / 200)
            if own and random.random() < 0.5:
                change = text("UPDATE orders SET status = 'paid' WHERE id = :id")
                connection.execute(change, {"id": random.choice(own)})
            if own and random.random() < 0.2:
                gone = own.pop(random.randrange(len(own)))
                connection.execute(text("DELETE FROM orders WHERE id = :id"), {"id": gone})
                if random.random() < 0.5:
                    own.append(gone)
                    connection.rollback()
                    continue
            if random.random() < 0.8:
                connection.commit()
                own += made


def test_among_writers_that_commit_out_of_order_nothing_up_to_it_is_ever_missing(
    patient: httpx.Client, engine: Engine
) -> None:
    enough = threading.Event()
    with ExitStack() as stack:
        for seed in range(1, 5):
            thread = threading.Thread(target=write, args=(engine, seed, enough))
            thread.start()
            stack.callback(thread.join)
        stack.callback(enough.set)
        answers: list[httpx.Response] = []
        while len(answers) < 25 or int(answers[-1].headers["tally-watermark"]) <= 100:
            answers.append(patient.get("/orders:export").raise_for_status())
    for answer in answers:
        watermark, found = int(answer.headers["tally-watermark"]), orders(answer)
        with engine.connect() as connection:
            gone = set(
                connection.execute(
                    text("SELECT order_id FROM order_changes WHERE op = 'D' AND change_id > :w"),
                    {"w": watermark},
                ).scalars()
            )
        for order_id, version in due(engine, watermark).items():
            # It may be further on, or gone since: that is for what follows to repeat.
            assert found.get(order_id, version if order_id in gone else 0) >= version
