"""When API keys were used last: written in the background, and never in anybody's way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from anyio import run
from anyio.to_thread import run_sync
from sqlalchemy import Engine, text

from orders.problems import Unavailable
from orders_api.problems import Unauthorized
from orders_api.schemas.access import NewApiKey
from orders_api.schemas.caller import Principal
from orders_api.services.access import api_keys
from orders_api.services.access.key_uses import key_uses
from orders_api.services.access.parts import Access
from tally_testing.access import Desk


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


def last_used(engine: Engine) -> datetime | None:
    with engine.connect() as connection:
        found: datetime | None = connection.scalar(text("SELECT last_used_at FROM api_keys"))
        return found


def test_the_last_use_is_written_when_the_service_ends_and_not_before(
    desk: Desk, engine: Engine
) -> None:
    key = create(desk)
    before = datetime.now(UTC)

    async def asked(access: Access) -> datetime:
        await identify(access, key)
        after = datetime.now(UTC)
        assert last_used(engine) is None
        return after

    after = desk.ask(asked)
    used = last_used(engine)
    assert used is not None
    slack = timedelta(milliseconds=50)
    assert before - slack <= used <= after + slack


def test_a_refused_key_is_not_used(desk: Desk, engine: Engine) -> None:
    key = create(desk)
    set_(engine, "revoked_at = tally_now()")
    with pytest.raises(Unauthorized):
        desk.ask(lambda access: identify(access, key))
    assert last_used(engine) is None


def test_the_last_use_never_goes_back(desk: Desk, engine: Engine) -> None:
    key = create(desk)
    set_(engine, "last_used_at = '2100-01-01'")
    desk.ask(lambda access: identify(access, key))
    used = last_used(engine)
    assert used is not None
    assert used.year == 2100


def test_what_the_database_does_not_take_is_written_the_next_time(
    desk: Desk, engine: Engine
) -> None:
    key = create(desk)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE api_keys RENAME TO gone"))

    async def asked() -> None:
        async with key_uses(desk.database) as uses:
            uses.note(prefix(key))
            await uses.write()
            with engine.begin() as connection:
                connection.execute(text("ALTER TABLE gone RENAME TO api_keys"))
            await uses.write()
            assert last_used(engine) is not None

    run(asked)


def test_uses_are_written_while_the_service_runs(desk: Desk, engine: Engine) -> None:
    key = create(desk)

    async def asked() -> None:
        async with key_uses(desk.database, every_s=0.01) as uses:
            uses.note(prefix(key))
            while await run_sync(last_used, engine) is None:
                pass

    run(asked)


def test_whatever_keeps_uses_from_being_written_they_are_written_later(
    desk: Desk, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create(desk)
    write = api_keys.note_uses
    failures = [ValueError("no problem of ours"), Unavailable("away")]

    def fail_first(*args: Any) -> None:
        if failures:
            raise failures.pop()
        write(*args)

    monkeypatch.setattr(api_keys, "note_uses", fail_first)

    async def asked() -> None:
        async with key_uses(desk.database) as uses:
            uses.note(prefix(key))
            await uses.write()
            await uses.write()
            assert (failures, last_used(engine)) == ([], None)

    run(asked)
    assert last_used(engine) is not None
