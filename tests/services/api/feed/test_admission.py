"""How many may follow at once, however they come and go."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import Engine, text

from tally_testing.serving import serving
from tally_testing.waiting import wait_until

WAITING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE '%order_changes_change_id_seq%'""")


@contextmanager
def held(engine: Engine) -> Iterator[None]:
    """Let nobody find out which change is the last."""
    with engine.connect() as connection:
        connection.execute(text("ALTER SEQUENCE order_changes_change_id_seq RENAME TO held"))
        yield
        connection.rollback()


def test_those_that_come_at_once_do_not_all_pass(
    settings: Any, problem: Any, engine: Engine
) -> None:
    answers: list[int] = []
    over = threading.Event()

    def follow(client: httpx.Client) -> None:
        with client.stream("GET", "/orders/events", params={"since": 0}) as response:
            answers.append(response.status_code)
            over.wait()

    def waiting() -> bool:
        with engine.connect() as connection:
            return int(connection.scalar(WAITING) or 0) == 2

    with serving(settings(events_clients=2)) as client:
        threads = [threading.Thread(target=follow, args=(client,)) for _ in range(2)]
        with held(engine):
            for thread in threads:
                thread.start()
            wait_until(waiting, "both ask for the last change")
            found = problem(client.get("/orders/events"))
        assert found["detail"] == "As many follow the events here as may."
        wait_until(lambda: answers == [200, 200], "both follow")
        over.set()
        for thread in threads:
            thread.join()


def test_who_does_not_join_gives_the_place_back(settings: Any) -> None:
    with serving(settings(events_clients=1)) as client:
        for _ in range(3):
            wait_until(lambda: client.head("/orders/events").status_code == 200, "it is free")
        wait_until(
            lambda: client.get("/orders/events", params={"since": 9}).status_code == 422,
            "there is a place to be refused at",
        )
        wait_until(lambda: client.head("/orders/events").status_code == 200, "it is free again")
