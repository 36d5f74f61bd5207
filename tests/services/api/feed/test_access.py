"""Who may follow, by which credentials, and for how long."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tally_testing.feed import following
from tally_testing.serving import serving

SECRET = "s" * 32
LIFETIMES = (2, 8, 30)
"""Seconds: on a busy machine one may be over before anything was opened with it."""


def token(scope: str = "orders:read", seconds: float = 900, **claims: Any) -> str:
    now = datetime.now(UTC)
    said = {"iss": "tally", "aud": "tally-api", "sub": "user:1", "jti": uuid4().hex}
    times = {"iat": now, "nbf": now, "exp": now + timedelta(seconds=seconds)}
    return jwt.encode(said | times | {"scope": scope} | claims, SECRET, "HS256", {"kid": "k"})


def bearer(of: str) -> dict[str, str]:
    return {"authorization": f"Bearer {of}"}


@pytest.fixture
def guarded(settings: Any) -> Iterator[httpx.Client]:
    keys = {"auth": "required", "jwt_keys": f"k:{SECRET}", "cors_origins": "https://shop.example"}
    with serving(settings(**keys)) as client:
        yield client


@pytest.fixture
def ticket(guarded: httpx.Client) -> str:
    answer = guarded.post("/orders/events/tickets", headers=bearer(token())).raise_for_status()
    assert answer.json()["expires_in"] == 30
    assert answer.headers["cache-control"] == "no-store"
    return str(answer.json()["ticket"])


def opened(client: httpx.Client, query: str = "", **headers: str) -> int:
    """Return the status of a handshake."""

    async def shake() -> int:
        url = f"ws{str(client.base_url).removeprefix('http')}/orders/events/ws{query}"
        try:
            async with connect(url, additional_headers=headers, close_timeout=1):
                return 101
        except InvalidStatus as refused:
            answer = refused.response
            assert answer.headers["content-type"] == "application/problem+json"
            return answer.status_code

    return asyncio.run(shake())


def test_a_ticket_opens_both_streams(guarded: httpx.Client, ticket: str) -> None:
    with following(guarded, ticket=ticket) as stream:
        next(stream)
    assert opened(guarded, f"?ticket={ticket}") == 101


def test_a_ticket_opens_nothing_else(guarded: httpx.Client, ticket: str, problem: Any) -> None:
    assert problem(guarded.get("/orders", headers=bearer(ticket)))["status"] == 401
    assert problem(guarded.get("/orders/events", headers=bearer(ticket)))["status"] == 401
    assert problem(guarded.post(f"/orders/events/tickets?ticket={ticket}"))["status"] == 401
    assert problem(guarded.get(f"/orders?ticket={ticket}"))["status"] == 401


@pytest.mark.parametrize(
    "bad",
    [
        token(),
        token(aud="tally-api#events", seconds=-1),
        token(aud="somebody-else#events"),
        "x",
        "",
        "a.b.c",
        "x" * 5_000,
    ],
)
def test_what_is_no_ticket_opens_nothing(guarded: httpx.Client, problem: Any, bad: str) -> None:
    assert problem(guarded.get("/orders/events", params={"ticket": bad}))["status"] == 401
    assert opened(guarded, f"?ticket={bad}") == 401


def test_a_ticket_and_a_header_are_one_too_many(
    guarded: httpx.Client, ticket: str, problem: Any
) -> None:
    found = guarded.get(f"/orders/events?ticket={ticket}", headers=bearer(token()))
    assert problem(found)["status"] == 400


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 401),
        ("?since=x", {}, 401),
        ("", bearer(token("orders:write")), 403),
        ("", bearer(token()), 101),
        ("?since=x", bearer(token()), 422),
        ("?since=1", bearer(token()), 422),
        ("?colour=red", bearer(token()), 422),
        ("?since=0&since=0", bearer(token()), 422),
        ("?status=paid&status=pending", bearer(token()), 101),
        ("", bearer(token()) | {"origin": "https://evil.example"}, 403),
        ("", bearer(token()) | {"origin": "https://shop.example"}, 101),
    ],
)
def test_a_handshake_is_answered_as_a_request_would_be(
    guarded: httpx.Client, query: str, headers: dict[str, str], status: int
) -> None:
    assert opened(guarded, query, **headers) == status


def test_a_stream_ends_with_the_token_it_was_opened_with(guarded: httpx.Client) -> None:
    last = b'event: dropped\ndata: {"reason":"credentials"}\n\n'
    assert any(ended_with(guarded, token(seconds=seconds), last) for seconds in LIFETIMES)


def ended_with(client: httpx.Client, of: str, last: bytes) -> bool:
    """Tell whether a token opened a stream; that must end so."""
    with client.stream("GET", "/orders/events", headers=bearer(of)) as response:
        body = response.read()
    assert response.status_code == 401 or body.endswith(last)
    return response.status_code == 200


async def read(ws: ClientConnection) -> None:
    while True:
        await ws.recv()


def test_so_does_a_socket_and_one_of_a_ticket(guarded: httpx.Client) -> None:
    async def until_closed(ticket: str) -> int | None:
        url = f"ws{str(guarded.base_url).removeprefix('http')}/orders/events/ws"
        async with connect(f"{url}?ticket={ticket}") as ws:
            with pytest.raises(ConnectionClosed) as closed:
                await read(ws)
            assert closed.value.rcvd
            return closed.value.rcvd.code

    for seconds in LIFETIMES:
        short = bearer(token(seconds=seconds))
        got = guarded.post("/orders/events/tickets", headers=short)
        if got.status_code == 200:
            with suppress(InvalidStatus):
                assert asyncio.run(until_closed(got.json()["ticket"])) == 4401
                return
    pytest.fail("no token lived long enough")


def test_a_client_that_talks_too_much_is_closed(guarded: httpx.Client) -> None:
    async def talk(message: str, times: int) -> int | None:
        url = f"ws{str(guarded.base_url).removeprefix('http')}/orders/events/ws"
        async with connect(url, additional_headers=bearer(token())) as ws:
            for _ in range(times):
                await ws.send(message)
            with pytest.raises(ConnectionClosed) as closed:
                await read(ws)
            assert closed.value.rcvd
            return closed.value.rcvd.code

    assert asyncio.run(talk("hello", 1_000)) == 1008
    assert asyncio.run(talk("x" * 5_000, 1)) == 1009


def test_what_is_turned_off_is_not_there(settings: Any, problem: Any) -> None:
    with serving(settings(features_off="events")) as client:
        assert problem(client.get("/orders/events"))["status"] == 404
        assert problem(client.post("/orders/events/tickets"))["status"] == 404
        assert opened(client) == 404
