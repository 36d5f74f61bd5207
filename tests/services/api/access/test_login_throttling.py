"""Logins that fail: how many may, and that nobody learns from it whom there is."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from anyio import run
from sqlalchemy import Engine, text

from orders_api.clients.database import Database
from orders_api.schemas.access import NewUser
from orders_api.schemas.scopes import Role
from orders_api.services.access import passwords, users
from orders_api.services.access.passwords import Passwords
from orders_api.settings import Settings
from tally_testing.access import PASSWORD
from tally_testing.serving import serving

WRONG = "wrong password"


@pytest.fixture
def throttled(database_url: str, engine: Engine) -> Iterator[httpx.Client]:
    """A client of an API where three logins to a name may fail, and five from an address."""
    user = NewUser(email="clerk@b.c", password=PASSWORD, role=Role.CLERK)
    users.create(Database(engine), user, run(Passwords().hash, PASSWORD))
    limits = {"login_limit": "3/day", "login_address_limit": "5/day", "proxies": 1}
    settings = {"database_url": database_url, "login_name_limit": "8/day", **limits}
    with serving(Settings.model_validate(settings)) as client:
        yield client


def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that will hold the hash of every password that is verified."""
    verified: list[str] = []
    verify = passwords._verify

    def counted(password: str, stored: str) -> Any:
        verified.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(passwords, "_verify", counted)
    return verified


def from_(address: str) -> dict[str, str]:
    return {"x-forwarded-for": address}


def attempt(
    client: httpx.Client, name: str, address: str, password: str = WRONG, **more: str
) -> int:
    form = {"grant_type": "password", "username": name, "password": password, **more}
    answer = client.post("/auth/token", data=form, headers=from_(address))
    if answer.status_code == 429:
        assert 0 < int(answer.headers["retry-after"]) <= 86_400
    return answer.status_code


@pytest.mark.parametrize("name", ["clerk@b.c", "nobody@b.c"])
def test_failed_logins_to_a_name_from_an_address_are_limited_before_any_hash(
    throttled: httpx.Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    verified = verifications(monkeypatch)
    found = [attempt(throttled, name, "192.0.2.1") for _ in range(5)]
    assert found == [400, 400, 400, 429, 429]
    assert attempt(throttled, name.upper(), "192.0.2.1", PASSWORD) == 429
    assert len(verified) == 3


def test_failed_logins_from_an_address_are_limited_whatever_the_names(
    throttled: httpx.Client,
) -> None:
    found = [attempt(throttled, f"{n}@b.c", f"2001:db8::{n}") for n in range(6)]
    assert found == [400] * 5 + [429]
    assert attempt(throttled, "clerk@b.c", "2001:db8:0:1::1", PASSWORD) == 200


def test_failed_logins_to_a_name_are_limited_wherever_they_come_from(
    throttled: httpx.Client,
) -> None:
    found = [attempt(throttled, "clerk@b.c", f"192.0.2.{n}") for n in range(9)]
    assert found == [400] * 8 + [429]


def test_logins_that_succeed_do_not_count_and_forgive_nothing(throttled: httpx.Client) -> None:
    for _ in range(10):
        assert attempt(throttled, "clerk@b.c", "192.0.2.1", PASSWORD) == 200
    found = [attempt(throttled, "clerk@b.c", "192.0.2.1") for _ in range(2)]
    assert attempt(throttled, "clerk@b.c", "192.0.2.1", PASSWORD) == 200
    found += [attempt(throttled, "clerk@b.c", "192.0.2.1") for _ in range(2)]
    assert found == [400, 400, 400, 429]


def test_a_right_password_with_too_wide_a_scope_is_no_failed_login(
    throttled: httpx.Client,
) -> None:
    found = [
        attempt(throttled, "clerk@b.c", "192.0.2.1", PASSWORD, scope="admin") for _ in range(10)
    ]
    assert found == [400] * 10
    assert attempt(throttled, "clerk@b.c", "192.0.2.1", PASSWORD) == 200


def test_a_login_that_the_database_kept_from_succeeding_does_not_count(
    throttled: httpx.Client, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE users RENAME TO gone"))
    assert {attempt(throttled, "clerk@b.c", "192.0.2.1", PASSWORD) for _ in range(4)} == {503}
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO users"))
    assert attempt(throttled, "clerk@b.c", "192.0.2.1", PASSWORD) == 200
