"""Clients that repeat a request until it is answered, and what must be true in the end."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event
from typing import Any

import httpx
from sqlalchemy import Engine, text

from tally_testing.waiting import wait_until

NEW = {"customer_id": 42, "total_cents": 1999}
_COME_BACK = {"/problems/idempotency-in-progress", "/problems/unavailable"}
_PATIENCE_S = 240
_COUNTS = """
    SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_changes),
        (SELECT count(*) FROM order_changes WHERE op = 'I'),
        (SELECT count(*) FROM idempotency_keys)"""


class RetryingClient:
    """Creates orders; repeats each request, with its key, until it is answered.

    Args:
        url: Of the API.
        give_up: Makes it stop trying once set.

    Attributes:
        lost: How many requests got no answer.
        told: How often it was told to come back, by the type of the problem.
    """

    def __init__(self, url: str, give_up: Event | None = None) -> None:
        self.lost = 0
        self.told: Counter[str] = Counter()
        self._http = httpx.Client(base_url=url, timeout=60)
        self._give_up = give_up or Event()

    def create(self, key: str, order: Mapping[str, Any]) -> httpx.Response:
        """Return the answer to an order with this key."""
        deadline = time.monotonic() + _PATIENCE_S
        while (response := self._try(key, order)) is None:
            assert time.monotonic() < deadline, f"{key} was not answered"
            assert not self._give_up.wait(0.02), f"{key} was given up"
        return response

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _try(self, key: str, order: Mapping[str, Any]) -> httpx.Response | None:
        try:
            response = self._http.post("/orders", json=order, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            self.lost += 1
            return None
        if response.status_code not in {409, 503}:
            return response
        kind = response.json()["type"]
        assert kind in _COME_BACK, response.text
        assert int(response.headers["retry-after"]) > 0
        self.told[kind] += 1
        return None


@dataclass
class Created:
    """What clients have seen so far."""

    answers: dict[str, bytes] = field(default_factory=dict)
    """The first answer that came, by its key."""
    replayed: list[str] = field(default_factory=list)
    """The keys whose first answer to come was not the first that was sent."""

    def wait_for_more(self, number: int) -> None:
        """Wait until there are so many more answers."""
        enough = len(self.answers) + number
        wait_until(lambda: len(self.answers) >= enough, "there were more orders")


@contextmanager
def creating(url: str, clients: int = 4) -> Iterator[Created]:
    """Create orders in threads until the block ends.

    When it has ended well, every key that was used is answered.
    """
    created = Created()
    stop, give_up = Event(), Event()

    def create_many(client: int) -> None:
        retrying = RetryingClient(url, give_up)
        for n in count():
            if stop.is_set():
                break
            key = f"client {client} order {n}"
            response = retrying.create(key, NEW)
            assert response.status_code == 201, response.text
            created.answers[key] = response.content
            if "idempotency-replayed" in response.headers:
                created.replayed.append(key)
        retrying.close()

    with ThreadPoolExecutor(clients) as threads:
        running = [threads.submit(create_many, client) for client in range(clients)]
        try:
            yield created
        except BaseException:
            give_up.set()
            raise
        finally:
            stop.set()
        for each in running:
            each.result()


def assert_made_once(engine: Engine, api: httpx.Client, answers: Mapping[str, bytes]) -> None:
    """Check that each key made one order, the one that was answered, and nothing else is there."""
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT key, answer FROM idempotency_keys")).all()
        counts = tuple(connection.execute(text(_COUNTS)).one())
    assert counts == (len(answers),) * 4
    assert {key: answer.encode() for key, answer in kept} == answers
    answered = [json.loads(answer) for answer in answers.values()]
    assert {order["id"]: order for order in answered} == _stored(api)


def _stored(api: httpx.Client) -> dict[int, dict[str, Any]]:
    """Return all orders as the API shows them."""
    found: dict[int, dict[str, Any]] = {}
    query: dict[str, Any] = {"limit": 500}
    while True:
        response = api.get("/orders", params=query)
        assert response.status_code == 200, response.text
        page = response.json()
        found |= {order["id"]: order for order in page["orders"]}
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]
