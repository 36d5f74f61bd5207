"""Several who change one order at once, in every order in which Postgres can let them.

The test holds the order's row itself and sends requests one after the other, each when the one
before waits for the row. What it lets go of is then had in the order of asking.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, text

from orders.engine import database_engine
from orders_api.clients.database import Database
from orders_api.schemas.caller import Caller
from orders_api.schemas.preconditions import EntityTags, Preconditions
from orders_api.services.order_writes import Attempt, delete
from orders_api.settings import Settings
from tally_testing.waiting import wait_until

Request = Callable[[], httpx.Response]

WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND backend_type = 'client backend'"""


@dataclass
class Order:
    """A new order, pending at version 1, and what can be done to it."""

    api: httpx.Client
    engine: Engine
    id: int

    def patch(self, status: str, if_match: str = '"1"') -> Request:
        headers = {"If-Match": if_match}
        body = {"status": status}
        return lambda: self.api.patch(f"/orders/{self.id}", json=body, headers=headers)

    def delete(self, if_match: str = '"1"') -> Request:
        return lambda: self.api.delete(f"/orders/{self.id}", headers={"If-Match": if_match})

    def get(self, **headers: str) -> httpx.Response:
        return self.api.get(f"/orders/{self.id}", headers=headers)

    def race(self, *requests: Request, by_hand: str = "", commit: bool = False) -> list[Any]:
        """Send requests that queue up for the row, in their order, and return the answers.

        Whoever holds the row first has done `by_hand` to it, and ends with COMMIT or ROLLBACK.
        """
        with ThreadPoolExecutor() as callers, self.held(by_hand, commit=commit):
            answers: list[Future[httpx.Response]] = []
            for request in requests:
                answers.append(callers.submit(request))
                self.await_queue(len(answers), answers)
        return [answer.result() for answer in answers]

    @contextmanager
    def held(self, by_hand: str = "", *, commit: bool = False) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            lock = "SELECT FROM orders WHERE id = :id FOR UPDATE"
            connection.execute(text(by_hand or lock), {"id": self.id})
            yield connection
            (connection.commit if commit else connection.rollback)()

    def await_queue(self, length: int, answers: list[Future[httpx.Response]]) -> None:
        waiting = 0
        while waiting < length:
            assert not any(answer.done() for answer in answers), "it did not wait for the row"
            # A transaction sees one state of pg_stat_activity: a new one for each look.
            with self.engine.begin() as watcher:
                waiting = watcher.execute(text(WAITING)).scalar_one()

    def history(self) -> list[str]:
        """The changes' kinds and states, once their versions and ids were found in order."""
        changes = self.api.get(f"/orders/{self.id}/history").json()["changes"]
        assert [change["version"] for change in changes] == list(range(1, len(changes) + 1))
        ids = [change["change_id"] for change in changes]
        assert ids == sorted(set(ids))
        last = self.get()
        if changes[-1]["op"] == "D":
            assert last.status_code == 404
        else:
            assert (last.json()["version"], last.json()["status"]) == (
                changes[-1]["version"],
                changes[-1]["status"],
            )
        return [f"{change['op']} {change['status']}" for change in changes]


@pytest.fixture
def order(api: httpx.Client, shared_engine: Engine) -> Order:
    return new_order(api, shared_engine)


def new_order(api: httpx.Client, engine: Engine) -> Order:
    created = api.post("/orders", json={"customer_id": 1, "total_cents": 1})
    return Order(api, engine, created.json()["id"])


def codes(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def test_of_two_moves_from_one_version_exactly_one_is_made(order: Order, problem: Any) -> None:
    first, second = order.race(order.patch("paid"), order.patch("cancelled"))
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    refused = problem(second)
    assert (refused["status"], refused["current_version"]) == (412, 2)
    assert refused["current_status"] == "paid"
    assert second.headers["etag"] == '"2"'
    assert order.history() == ["I pending", "U paid"]


def test_the_same_move_sent_twice_at_once_is_made_once(order: Order, problem: Any) -> None:
    first, second = order.race(order.patch("paid"), order.patch("paid"))
    assert first.status_code == 200
    refused = problem(second)
    assert (refused["status"], refused["current_status"]) == (412, "paid")
    assert order.history() == ["I pending", "U paid"]


def test_of_many_moves_from_one_version_exactly_one_is_made(order: Order) -> None:
    answers = order.race(*[order.patch(status) for status in ("paid", "cancelled") * 2])
    assert sorted(codes(answers)) == [200, 412, 412, 412]
    assert len(order.history()) == 2


def test_two_moves_of_whatever_version_are_judged_one_after_the_other(order: Order) -> None:
    answers = order.race(order.patch("paid", "*"), order.patch("cancelled", "*"))
    assert codes(answers) == [200, 200]
    assert [answer.headers["etag"] for answer in answers] == ['"2"', '"3"']
    assert order.history() == ["I pending", "U paid", "U cancelled"]


def test_a_move_of_whatever_version_that_the_first_made_illegal_is_refused(
    order: Order, problem: Any
) -> None:
    first, second = order.race(order.patch("cancelled", "*"), order.patch("paid", "*"))
    assert first.status_code == 200
    refused = problem(second)
    assert refused["type"] == "/problems/illegal-transition"
    assert (refused["current_version"], refused["current_status"]) == (2, "cancelled")
    assert refused["allowed"] == []
    assert order.history() == ["I pending", "U cancelled"]


@pytest.mark.parametrize(
    ("if_match", "answers", "history"),
    [
        ('"1"', [200, 412], ["I pending", "U paid"]),
        ("*", [200, 204], ["I pending", "U paid", "D paid"]),
    ],
)
def test_a_deletion_after_a_move_meets_the_moved_order(
    order: Order, if_match: str, answers: list[int], history: list[str]
) -> None:
    requests = (order.patch("paid", if_match), order.delete(if_match))
    assert codes(order.race(*requests)) == answers
    assert order.history() == history


@pytest.mark.parametrize("if_match", ['"1"', "*"])
def test_a_move_after_a_deletion_finds_nothing(order: Order, if_match: str) -> None:
    requests = (order.delete(if_match), order.patch("paid", if_match))
    assert codes(order.race(*requests)) == [204, 404]
    assert order.history() == ["I pending", "D pending"]


def test_of_two_deletions_one_finds_nothing(order: Order) -> None:
    assert codes(order.race(order.delete(), order.delete())) == [204, 404]
    assert order.history() == ["I pending", "D pending"]


MOVED = "UPDATE orders SET status = 'cancelled' WHERE id = :id"
TOUCHED = "UPDATE orders SET region = 'elsewhere' WHERE id = :id"
DELETED = "DELETE FROM orders WHERE id = :id"


@pytest.mark.parametrize("by_hand", [MOVED, TOUCHED, DELETED])
@pytest.mark.parametrize("if_match", ['"1"', "*"])
def test_a_change_by_hand_that_is_rolled_back_was_never_there(
    order: Order, by_hand: str, if_match: str
) -> None:
    (answer,) = order.race(order.patch("paid", if_match), by_hand=by_hand)
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert order.history() == ["I pending", "U paid"]


@pytest.mark.parametrize(
    ("by_hand", "if_match", "code", "history"),
    [
        (MOVED, '"1"', 412, ["I pending", "U cancelled"]),
        (MOVED, '"2"', 409, ["I pending", "U cancelled"]),
        (MOVED, "*", 409, ["I pending", "U cancelled"]),
        (TOUCHED, '"1"', 412, ["I pending", "U pending"]),
        (TOUCHED, '"2"', 200, ["I pending", "U pending", "U paid"]),
        (TOUCHED, "*", 200, ["I pending", "U pending", "U paid"]),
        (DELETED, '"1"', 404, ["I pending", "D pending"]),
        (DELETED, "*", 404, ["I pending", "D pending"]),
    ],
)
def test_after_a_change_by_hand_that_is_committed_a_move_meets_what_it_left(
    order: Order, by_hand: str, if_match: str, code: int, history: list[str]
) -> None:
    (answer,) = order.race(order.patch("paid", if_match), by_hand=by_hand, commit=True)
    assert answer.status_code == code
    assert order.history() == history


@pytest.mark.parametrize(("commit", "code"), [(True, 412), (False, 204)])
def test_a_deletion_waits_for_a_change_by_hand(order: Order, commit: bool, code: int) -> None:
    (answer,) = order.race(order.delete(), by_hand=TOUCHED, commit=commit)
    assert answer.status_code == code
    assert order.history() == ["I pending", "U pending" if commit else "D pending"]


def test_whoever_reads_does_not_wait_for_who_writes(order: Order) -> None:
    with order.held(MOVED, commit=True):
        assert order.get().json()["status"] == "pending"
        assert order.get(**{"If-None-Match": '"1"'}).status_code == 304
    assert order.get(**{"If-None-Match": '"1"'}).json()["status"] == "cancelled"


def test_who_waits_too_long_is_told_to_come_back_and_nothing_is_changed(
    shared_url: str, shared_engine: Engine, serve: Any, problem: Any
) -> None:
    settings = {"database_url": shared_url, "order_lock_timeout_s": 0.01}
    with serve(Settings.model_validate(settings)) as client:
        order = new_order(client, shared_engine)
        with order.held():
            for request in (order.patch("paid"), order.delete()):
                answer = request()
                assert problem(answer)["type"] == "/problems/unavailable"
                assert answer.headers["retry-after"] == "1"
        assert order.history() == ["I pending"]
        assert order.patch("paid")().status_code == 200


def test_an_order_that_somebody_holds_is_no_hindrance_to_others(
    shared_url: str, shared_engine: Engine, serve: Any, problem: Any
) -> None:
    """Two wait for it, with a pool of five; the others are told at once to come back."""
    settings = Settings.model_validate(
        {"database_url": shared_url, "order_lock_timeout_s": 300, "db_pool_size": 5}
    )
    with serve(settings) as client, ThreadPoolExecutor(40) as callers:
        one, other = new_order(client, shared_engine), new_order(client, shared_engine)
        with one.held():
            requests = [one.patch("paid"), one.delete()] * 20
            answers = [callers.submit(request) for request in requests]
            wait_until(lambda: sum(answer.done() for answer in answers) == 38, "38 were answered")
            assert other.get().status_code == 200
            assert other.patch("paid")().status_code == 200
            assert other.delete("*")().status_code == 204
            assert client.get("/health/ready").status_code == 200
            refused = [answer.result() for answer in answers if answer.done()]
        for answer in refused:
            assert "nothing was written" in problem(answer)["detail"]
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        waited = [code for code in codes([answer.result() for answer in answers]) if code != 503]
        assert len(waited) == 2
        assert set(waited) <= {200, 204, 404, 412}


def test_the_bound_of_one_change_is_not_left_on_its_connection(
    order: Order, shared_url: str
) -> None:
    settings = Settings.model_validate({"database_url": shared_url, "db_pool_size": 1})
    attempt = Attempt(Caller("somebody", None), Preconditions(EntityTags.parse("If-Match", "*")), 9)
    with database_engine(settings) as engine:
        delete(Database(engine), order.id, attempt)
        with engine.connect() as connection:
            assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "0"
