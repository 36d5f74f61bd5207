"""Refresh tokens: each is good once, and one that comes twice ends the login."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from orders.problems import BadRequest
from orders_api.schemas.access import UserChange
from orders_api.schemas.scopes import ROLES, Role, Scope
from orders_api.services.access import refresh_tokens, users
from orders_api.services.access.refresh_tokens import Rotated
from tally_testing.access import Desk

MONTH_S = 30 * 86_400


@pytest.fixture
def user_id(desk: Desk) -> int:
    return desk.register(role=Role.CLERK)


@pytest.fixture
def token(desk: Desk, user_id: int) -> str:
    return start(desk, user_id)


def start(desk: Desk, user_id: int, *scopes: Scope) -> str:
    chosen = scopes or ROLES[Role.CLERK]
    with desk.database.transaction() as connection:
        return refresh_tokens.start(connection, user_id, chosen, MONTH_S)


def rotate(desk: Desk, token: str, wanted: frozenset[Scope] | None = None) -> Rotated | None:
    return refresh_tokens.rotate(desk.database, token, wanted, MONTH_S)


def goes_on(desk: Desk, token: str) -> str:
    rotated = rotate(desk, token)
    assert rotated is not None
    return rotated.token


def change(desk: Desk, user_id: int, **values: Any) -> None:
    password_hash = "another" if "password" in values else None
    users.change(desk.database, user_id, UserChange.model_validate(values), password_hash)


def test_a_token_gives_the_next_with_the_scopes_of_the_login(
    desk: Desk, user_id: int, token: str
) -> None:
    first = rotate(desk, token)
    assert first is not None
    assert (first.user_id, first.scopes) == (user_id, ROLES[Role.CLERK])
    second = rotate(desk, first.token)
    assert second is not None
    assert len({token, first.token, second.token}) == 3


def test_only_the_hash_of_a_token_is_stored(desk: Desk, engine: Engine, token: str) -> None:
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT * FROM refresh_tokens")).one()
    assert token not in str(stored)
    assert bytes(stored.token_hash) == refresh_tokens._hash(token)
    assert desk


def test_a_token_that_comes_again_ends_its_login_and_no_other(
    desk: Desk, user_id: int, token: str
) -> None:
    other = start(desk, user_id)
    following = goes_on(desk, token)
    assert rotate(desk, token) is None
    assert rotate(desk, following) is None
    assert goes_on(desk, other)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


@pytest.mark.parametrize("attempt", range(10))
def test_of_two_who_come_at_the_same_instant_one_gets_on_and_then_nobody(
    desk: Desk, token: str, attempt: int
) -> None:
    found = at_once(*[lambda: rotate(desk, token)] * 2)
    [rotated] = [one for one in found if one is not None]
    assert rotate(desk, rotated.token) is None, attempt


@pytest.mark.parametrize("attempt", range(10))
def test_a_token_made_while_the_login_is_ended_is_ended_as_well(
    desk: Desk, token: str, attempt: int
) -> None:
    rotated, _ = at_once(
        lambda: rotate(desk, token), lambda: refresh_tokens.revoke(desk.database, token)
    )
    assert rotated is None or rotate(desk, rotated.token) is None, attempt


@pytest.mark.parametrize("attempt", range(10))
def test_a_token_made_while_the_user_is_disabled_is_ended_as_well(
    desk: Desk, user_id: int, token: str, attempt: int
) -> None:
    rotated, _ = at_once(lambda: rotate(desk, token), lambda: change(desk, user_id, disabled=True))
    change(desk, user_id, disabled=False)
    assert rotated is None or rotate(desk, rotated.token) is None, attempt


@pytest.mark.parametrize("ended_by", [{"disabled": True}, {"password": "battery staple horse"}])
def test_all_logins_end_when_the_user_is_disabled_or_gets_another_password(
    desk: Desk, user_id: int, token: str, ended_by: dict[str, Any]
) -> None:
    other = goes_on(desk, start(desk, user_id))
    change(desk, user_id, **ended_by)
    change(desk, user_id, disabled=False)
    assert [rotate(desk, token), rotate(desk, other)] == [None, None]


def test_what_a_role_has_lost_its_logins_lose_and_what_it_gains_they_do_not_get(
    desk: Desk, user_id: int, token: str
) -> None:
    change(desk, user_id, role="viewer")
    demoted = rotate(desk, token)
    assert demoted is not None
    assert demoted.scopes == {Scope.ORDERS_READ}
    change(desk, user_id, role="admin")
    promoted = rotate(desk, demoted.token)
    assert promoted is not None
    assert promoted.scopes == ROLES[Role.CLERK]


def test_a_login_of_which_no_scope_is_left_is_over(desk: Desk, user_id: int) -> None:
    token = start(desk, user_id, Scope.ORDERS_WRITE)
    change(desk, user_id, role="viewer")
    assert rotate(desk, token) is None


def test_fewer_scopes_can_be_asked_for_and_the_login_keeps_all(desk: Desk, token: str) -> None:
    narrowed = rotate(desk, token, frozenset({Scope.ORDERS_READ}))
    assert narrowed is not None
    assert narrowed.scopes == {Scope.ORDERS_READ}
    again = rotate(desk, narrowed.token)
    assert again is not None
    assert again.scopes == ROLES[Role.CLERK]


def test_who_asks_for_a_scope_that_cannot_be_had_keeps_the_token(desk: Desk, token: str) -> None:
    with pytest.raises(BadRequest) as refused:
        rotate(desk, token, frozenset({Scope.ADMIN, Scope.ORDERS_READ}))
    assert refused.value.extra == {"error": "invalid_scope"}
    assert goes_on(desk, token)


@pytest.mark.parametrize("never", ["", "x", "a" * 43])
def test_what_is_no_token_gets_nothing_and_ends_nothing(desk: Desk, token: str, never: str) -> None:
    assert rotate(desk, never) is None
    refresh_tokens.revoke(desk.database, never)
    assert goes_on(desk, token)


def test_an_expired_token_is_not_good_and_is_purged(desk: Desk, engine: Engine, token: str) -> None:
    live = goes_on(desk, token)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE refresh_tokens SET expires_at = tally_now() WHERE used_at IS NULL")
        )
    assert rotate(desk, live) is None
    assert refresh_tokens.purge(desk.database) == 1
    assert refresh_tokens.purge(desk.database) == 0


def test_a_used_token_is_kept_so_that_its_copy_is_known(desk: Desk, token: str) -> None:
    goes_on(desk, token)
    assert refresh_tokens.purge(desk.database) == 0


def test_a_purge_does_not_wait_for_a_token_in_use(desk: Desk, engine: Engine, token: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE refresh_tokens SET expires_at = tally_now()"))
    with engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM refresh_tokens FOR UPDATE"))
        assert refresh_tokens.purge(desk.database) == 0
    assert rotate(desk, token) is None
    assert refresh_tokens.purge(desk.database) == 1
