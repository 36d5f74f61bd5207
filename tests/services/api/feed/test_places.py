"""Where a stream begins, what it leaves out, and what cannot be asked for."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from tally_testing.feed import Sent, changes, following
from tally_testing.serving import serving


@pytest.fixture
def served(settings: Any) -> Any:
    with serving(settings(events_heartbeat_s=0.2, events_window=5)) as client:
        yield client


def ids(found: list[Sent]) -> list[int | None]:
    return [sent.id for sent in found]


def test_a_stream_begins_with_what_is_final_and_says_where(
    served: httpx.Client, insert: Any
) -> None:
    insert(3)
    with following(served) as stream:
        assert next(sent.id for sent in stream if sent.id is not None) == 3
        insert()
        assert ids(changes(stream, 1)) == [4]


@pytest.mark.parametrize("since", [0, 2, 17, 20], ids=lambda since: f"since {since}")
def test_a_client_goes_on_from_any_place_in_memory_or_not(
    served: httpx.Client, insert: Any, since: int
) -> None:
    with following(served, since=0) as first:
        insert(20)
        assert ids(changes(first, 20)) == list(range(1, 21))
        # By now the window holds the last five.
        with following(served, since=since) as stream:
            insert()
            assert ids(changes(stream, 21 - since)) == list(range(since + 1, 22))


def test_the_id_of_the_last_event_wins_over_since(served: httpx.Client, insert: Any) -> None:
    insert(5)
    with following(served, since=1, headers={"Last-Event-ID": "4"}) as stream:
        assert ids(changes(stream, 1)) == [5]


def test_each_kind_of_change_is_an_event_with_the_order_after_it(
    served: httpx.Client, insert: Any, engine: Engine
) -> None:
    [order] = insert()
    with engine.begin() as connection:
        connection.execute(text("UPDATE orders SET status = 'paid'"))
        connection.execute(text("DELETE FROM orders"))
    with following(served, since=0) as stream:
        found = changes(stream, 3)
    assert [sent.event for sent in found] == ["order.created", "order.changed", "order.deleted"]
    history = served.get(f"/orders/{order}/history").json()["changes"]
    assert [sent.data for sent in found] == history


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"region": "eu"}, [1, 3]),
        ({"customer_id": 2}, [2, 3, 4]),
        ({"region": "eu", "customer_id": 2}, [3]),
        ({"status": "paid"}, [4]),
        ({"status": ["paid", "pending"], "region": "us"}, [2, 4]),
    ],
)
@pytest.mark.parametrize("when", ["before", "while"])
def test_filters_let_through_what_fits_and_tell_how_far_it_went(
    served: httpx.Client,
    insert: Any,
    engine: Engine,
    query: dict[str, Any],
    expected: list[int],
    when: str,
) -> None:
    def write() -> None:
        insert(region="eu", customer=1)
        insert(region="us", customer=2)
        insert(region="eu", customer=2)
        with engine.begin() as connection:
            connection.execute(text("UPDATE orders SET status = 'paid' WHERE id = 2"))
        insert(6, region="asia", customer=9)

    if when == "before":
        write()
    with following(served, since=0, **query) as stream:
        if when == "while":
            write()
        seen = []
        for sent in stream:
            seen += [sent.id] if sent.event else []
            if sent.id == 10:
                break
    assert seen == expected


@pytest.mark.parametrize(
    ("query", "headers", "pointer"),
    [
        ({"since": "1"}, {}, "query/since"),
        ({"since": "-1"}, {}, "query/since"),
        ({"since": "x"}, {}, "query/since"),
        ({"since": "9" * 30}, {}, "query/since"),
        ({}, {"Last-Event-ID": "1"}, "header/last-event-id"),
        ({}, {"Last-Event-ID": ""}, "header/last-event-id"),
        ({"status": "lost"}, {}, "query/status"),
        ({"limit": "1"}, {}, "query/limit"),
    ],
)
def test_what_cannot_be_served_is_refused(
    served: httpx.Client,
    problem: Any,
    query: dict[str, str],
    headers: dict[str, str],
    pointer: str,
) -> None:
    found = served.get("/orders/events", params=query, headers=headers)
    [error] = problem(found)["errors"]
    assert (found.status_code, error["pointer"].lower()) == (422, pointer)


def test_head_is_answered_and_ends(served: httpx.Client) -> None:
    found = served.head("/orders/events", headers={"Accept-Encoding": "gzip"})
    assert found.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert found.headers["cache-control"] == "no-store"
    assert "content-encoding" not in found.headers
