"""How passwords are kept, and that a flood of logins does not exhaust the service."""

import threading

import pytest
from anyio import create_task_group, wait_all_tasks_blocked
from anyio.to_thread import run_sync
from argon2 import PasswordHasher

from orders.problems import Unavailable
from orders_api.services.access import passwords
from orders_api.services.access.passwords import Passwords, Verdict

pytestmark = pytest.mark.anyio


async def test_a_password_is_kept_as_argon2id_with_the_parameters_of_owasp() -> None:
    stored = await Passwords().hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != await Passwords().hash("correct horse")
    assert await Passwords().verify("correct horse", stored) == Verdict(right=True)
    assert await Passwords().verify("correct house", stored) == Verdict(right=False)


async def test_a_composed_letter_is_the_one_that_was_typed_in_parts() -> None:
    stored = await Passwords().hash("caf\u00e9 caf\u00e9 caf\u00e9")
    assert (await Passwords().verify("cafe\u0301 cafe\u0301 cafe\u0301", stored)).right


async def test_a_hash_with_other_parameters_is_renewed() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("correct horse")
    verdict = await Passwords().verify("correct horse", weak)
    assert verdict.right
    assert verdict.rehashed is not None
    assert await Passwords().verify("correct horse", verdict.rehashed) == Verdict(right=True)


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$", "$2b$12$abc"])
async def test_no_password_is_right_for_a_hash_that_is_none(stored: str) -> None:
    assert not (await Passwords().verify("correct horse", stored)).right


async def test_no_password_is_right_for_nobody_whose_hash_costs_as_much_as_any() -> None:
    assert not (await Passwords().verify("correct horse", None)).right
    current = passwords._HASHER
    assert not current.check_needs_rehash(passwords._NOBODYS)


async def test_no_more_are_hashed_at_once_than_may_be_and_the_rest_waits_or_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The hash is held up by a lock, for as long as it takes all to come."""
    running, most, count = 0, 0, threading.Lock()
    two, held = threading.Event(), threading.Event()

    def hash_(_password: str) -> str:
        nonlocal running, most
        with count:
            running += 1
            most = max(most, running)
            if running == 2:
                two.set()
        held.wait()
        with count:
            running -= 1
        return "hash"

    monkeypatch.setattr(passwords, "_hash", hash_)
    hasher = Passwords(at_once=2, waiting=3)
    hashed: list[str] = []

    async def one() -> None:
        hashed.append(await hasher.hash("correct horse"))

    async with create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(one)
        await run_sync(two.wait)
        await wait_all_tasks_blocked()
        with pytest.raises(Unavailable) as refused:
            await hasher.hash("correct horse")
        held.set()
    assert refused.value.headers["Retry-After"] == "1"
    assert (hashed, most) == (["hash"] * 5, 2)
