"""Strict JSON at its limits: whatever is sent is read once, or refused, in time."""

import pytest

from orders_api.strict_json import MalformedJsonError, decode

MANY = 200_000


def object_of(names: list[str]) -> str:
    return "{" + ",".join(f'"{name}":1' for name in names) + "}"


@pytest.mark.timeout(30)
def test_a_key_that_stands_twice_is_found_in_one_pass_over_many() -> None:
    """Looking for each key among all the others would take minutes."""
    names = [f"{number:x}" for number in range(MANY)]
    with pytest.raises(MalformedJsonError, match=f'the key "{names[-1]}" stands twice'):
        decode(object_of([*names, names[-1]]).encode())


def test_of_several_keys_that_stand_twice_the_first_is_named() -> None:
    with pytest.raises(MalformedJsonError, match='the key "b" stands twice'):
        decode(object_of(["a", "b", "c", "c", "b"]).encode())


@pytest.mark.parametrize("objects", [1, 5, 10_000])
def test_the_members_of_all_objects_together_are_bounded(objects: int) -> None:
    each = object_of([f"{number:08}" for number in range(10_000 // objects)])
    full = ",".join([each] * objects)
    assert len(decode(f"[{full}]".encode())) == objects
    with pytest.raises(MalformedJsonError, match="more than 10000 members in all"):
        decode(f'[{full},{{"":1}}]'.encode())


def test_no_text_is_short_enough_for_too_many_members_to_pass() -> None:
    short = ",".join(['{"":1}'] * 10_001)
    with pytest.raises(MalformedJsonError, match="more than 10000 members in all"):
        decode(f"[{short}]".encode())


def test_how_many_members_one_text_has_does_not_count_for_the_next() -> None:
    text = object_of([f"{number:08}" for number in range(6_000)]).encode()
    assert decode(text) == decode(text)


def test_lists_may_be_as_long_as_the_text() -> None:
    assert decode(f"[{','.join('1' * MANY)}]".encode()) == [1] * MANY
