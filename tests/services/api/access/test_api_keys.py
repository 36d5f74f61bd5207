"""API keys: who is recognized by them, until when, and what is written of their use."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from anyio import create_task_group
from anyio.to_thread import run_sync
from sqlalchemy import Engine, text

from orders.problems import BadRequest, Unavailable
from orders_api.problems import Unauthorized
from orders_api.schemas.access import NewApiKey
from orders_api.schemas.caller import Principal
from orders_api.schemas.scopes import Scope
from orders_api.services.access import api_keys, authentication
from orders_api.services.access.parts import Access
from tally_testing.access import Desk

UNKNOWN = f"tally_{'a' * 13}_{'A' * 43}"


def create(desk: Desk, **values: Any) -> str:
    wanted = NewApiKey.model_validate({"name": "shop", "scopes": ["orders:write"], **values})
    return api_keys.create(desk.database, wanted, "user:7")[0]


def prefix(key: str) -> str:
    return key.split("_")[1]


async def identify(access: Access, key: str) -> Principal | None:
    return await access.authenticator.identify(None, key)


def set_(engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE api_keys SET {change}"))


def test_a_key_is_recognized_with_its_scopes(desk: Desk) -> None:
    key = create(desk)
    found = desk.ask(lambda access: identify(access, key))
    assert found == Principal(f"key:{prefix(key)}", frozenset({Scope.ORDERS_WRITE}))


def test_only_a_hash_of_a_key_is_stored(desk: Desk, engine: Engine) -> None:
    key = create(desk)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM api_keys")).one()
    assert bytes(row.key_hash) == api_keys.hash_of(key)
    assert key.split("_", 2)[2] not in str(row)


@pytest.mark.parametrize(
    "bad",
    ["", "tally", UNKNOWN, UNKNOWN[:-1], UNKNOWN + "\n", "é" * 63, "tally_é_x", "x" * 100_000],
)
def test_what_is_no_key_of_ours_is_refused(desk: Desk, bad: str) -> None:
    with pytest.raises(Unauthorized, match="not valid"):
        desk.ask(lambda access: identify(access, bad))


def test_the_prefix_alone_is_worth_nothing_even_while_the_key_is_in_memory(desk: Desk) -> None:
    key = create(desk)

    async def asked(access: Access) -> None:
        await identify(access, key)
        with pytest.raises(Unauthorized, match="not valid"):
            await identify(access, key[:-1] + ("A" if key[-1] != "A" else "B"))

    desk.ask(asked)


def test_a_key_that_was_revoked_here_ends_at_once(desk: Desk) -> None:
    key = create(desk)

    async def asked(access: Access) -> None:
        await identify(access, key)
        access.authenticator.forget(await run_sync(api_keys.revoke, desk.database, 1))
        with pytest.raises(Unauthorized, match="not valid"):
            await identify(access, key)

    desk.ask(asked, api_key_cache_s=300)


def test_a_key_that_is_revoked_while_it_is_looked_up_is_not_remembered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create(desk)
    read, go_on = threading.Event(), threading.Event()
    find = api_keys.find

    def slow(*given: Any) -> Any:
        found = find(*given)
        read.set()
        go_on.wait()
        return found

    monkeypatch.setattr(api_keys, "find", slow)

    async def asked(access: Access) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(identify, access, key)
            await run_sync(read.wait)
            access.authenticator.forget(await run_sync(api_keys.revoke, desk.database, 1))
            go_on.set()
        with pytest.raises(Unauthorized):
            await identify(access, key)

    desk.ask(asked, api_key_cache_s=300)


def test_a_key_that_was_revoked_elsewhere_ends_when_it_is_looked_up_again(
    desk: Desk, engine: Engine
) -> None:
    key = create(desk)

    async def asked(access: Access) -> None:
        await identify(access, key)
        await run_sync(set_, engine, "revoked_at = tally_now()")
        with pytest.raises(Unauthorized):
            await identify(access, key)

    desk.ask(asked, api_key_cache_s=0)


def test_a_key_ends_when_it_expires_even_in_memory(desk: Desk) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    key = create(desk, expires_at=soon.isoformat())

    async def asked(access: Access) -> str:
        try:
            while await identify(access, key):
                pass
        except Unauthorized as refused:
            return refused.detail
        return "never"

    assert desk.ask(asked, api_key_cache_s=300) == "The API key has expired."
    # Early by as long as its lookup took, never late.
    assert datetime.now(UTC) >= soon - timedelta(seconds=1)


def test_both_credentials_at_once_are_one_too_many(desk: Desk) -> None:
    with pytest.raises(BadRequest):
        desk.ask(lambda access: access.authenticator.identify("Bearer x", UNKNOWN))


def test_a_stranger_who_repeats_himself_is_asked_for_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[str] = []
    find = api_keys.find

    def counted(database: Any, sought: str) -> Any:
        asked_for.append(sought)
        return find(database, sought)

    monkeypatch.setattr(api_keys, "find", counted)

    async def asked(access: Access) -> None:
        for _ in range(20):
            with pytest.raises(Unauthorized):
                await identify(access, UNKNOWN)

    desk.ask(asked)
    assert asked_for == ["a" * 13]


def test_many_who_come_with_one_key_at_once_ask_for_it_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, asked_for, find = create(desk), [], api_keys.find
    recognized: list[Principal | None] = []

    def counted(database: Any, sought: str) -> Any:
        asked_for.append(sought)
        return find(database, sought)

    monkeypatch.setattr(api_keys, "find", counted)

    async def one(access: Access) -> None:
        recognized.append(await identify(access, key))

    async def asked(access: Access) -> None:
        async with create_task_group() as tasks:
            for _ in range(1_000):
                tasks.start_soon(one, access)

    desk.ask(asked)
    assert asked_for == [prefix(key)]
    assert len(recognized) == 1_000
    assert set(recognized) == {Principal(f"key:{prefix(key)}", frozenset({Scope.ORDERS_WRITE}))}


def test_who_leaves_does_not_take_the_lookup_from_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create(desk)
    begun, go_on, find = threading.Event(), threading.Event(), api_keys.find

    def slow(*given: Any) -> Any:
        begun.set()
        go_on.wait()
        return find(*given)

    monkeypatch.setattr(api_keys, "find", slow)

    async def asked(access: Access) -> Principal | None:
        async with create_task_group() as impatient:
            impatient.start_soon(identify, access, key)
            await run_sync(begun.wait)
            impatient.cancel_scope.cancel()
        go_on.set()
        return await identify(access, key)

    assert desk.ask(asked) is not None


def test_a_flood_of_strangers_is_looked_up_two_at_a_time_and_the_rest_told_to_come_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, held, count = 0, 0, threading.Event(), threading.Lock()

    def find(_database: object, _prefix: str) -> None:
        nonlocal running, most
        with count:
            running += 1
            most = max(most, running)
        held.wait()
        with count:
            running -= 1

    monkeypatch.setattr(api_keys, "find", find)
    refused: list[Exception] = []

    async def one(access: Access, number: int) -> None:
        digits = "".join("abcdefghij"[int(digit)] for digit in f"{number:013}")
        try:
            await identify(access, f"tally_{digits}_{'A' * 43}")
        except (Unauthorized, Unavailable) as error:
            refused.append(error)
            if isinstance(error, Unavailable):
                held.set()

    async def asked(access: Access) -> None:
        async with create_task_group() as tasks:
            for number in range(authentication._LOOKUPS_WAITING + 1):
                tasks.start_soon(one, access, number)

    desk.ask(asked)
    busy = [error for error in refused if isinstance(error, Unavailable)]
    assert (len(busy), len(refused)) == (1, authentication._LOOKUPS_WAITING + 1)
    assert most <= 2
