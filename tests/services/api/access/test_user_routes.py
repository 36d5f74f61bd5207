"""Users over HTTP, for admins: what they may be, and that one admin always stays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders_api.schemas.scopes import Role
from orders_api.settings import Settings
from tally_testing.access import PASSWORD, Desk
from tally_testing.serving import serving

NEW = {"email": "Clerk@B.c", "password": PASSWORD, "role": "clerk"}


@pytest.fixture
def admin(desk: Desk, database_url: str) -> Iterator[httpx.Client]:
    """A client that is logged in as user 1, the only admin."""
    assert desk.register("admin@b.c", Role.ADMIN) == 1
    settings = {"database_url": database_url, "auth": "required"}
    with serving(Settings.model_validate(settings)) as client:
        token = log_in(client, "admin@b.c").json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def log_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    form = {"grant_type": "password", "username": name, "password": password}
    return client.post("/auth/token", data=form)


def create(admin: httpx.Client, **values: object) -> httpx.Response:
    return admin.post("/users", json=NEW | values)


def test_a_user_is_created_shown_and_can_log_in(admin: httpx.Client) -> None:
    created = create(admin)
    assert created.status_code == 201
    assert created.headers["location"] == "/users/2"
    user = created.json()
    assert user.pop("created_at").endswith("Z")
    assert user == {"id": 2, "email": "clerk@b.c", "role": "clerk", "disabled_at": None}
    assert admin.get("/users/2").json() == created.json()
    assert log_in(admin, "clerk@b.c").status_code == 200


def test_no_answer_ever_holds_a_password_or_its_hash(admin: httpx.Client) -> None:
    created, changed = create(admin), admin.patch("/users/2", json={"password": PASSWORD})
    for answer in (created, changed, admin.get("/users"), admin.get("/users/2")):
        assert answer.is_success
        assert "password" not in answer.text
        assert "argon2" not in answer.text


def test_an_email_belongs_to_one_user_however_it_is_written(
    admin: httpx.Client, problem: Any
) -> None:
    assert create(admin).status_code == 201
    assert problem(create(admin, email="CLERK@b.C"))["status"] == 409


def test_two_admins_who_create_one_user_at_once_create_one(admin: httpx.Client) -> None:
    with ThreadPoolExecutor(4) as callers:
        found = [made.status_code for made in callers.map(lambda _: create(admin), range(4))]
    assert sorted(found) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "a b@c"),
        ("email", "a@b.c\n"),
        ("email", "@b.c"),
        ("email", "é@b.c"),
        ("email", "a\u0000@b.c"),
        ("email", "a@" + "b" * 253),
        ("email", None),
        ("password", "a" * 11),
        ("password", "a" * 1_025),
        ("password", 123_456_789_012),
        ("role", "root"),
        ("role", None),
        ("id", 7),
        ("disabled_at", None),
    ],
)
def test_a_user_who_cannot_be_is_refused_by_field(
    admin: httpx.Client, problem: Any, field: str, value: object
) -> None:
    body = problem(create(admin, **{field: value}))
    assert body["status"] == 422
    assert [error["pointer"] for error in body["errors"]] == [f"/{field}"]


def test_the_password_is_not_the_email_however_it_is_written(
    admin: httpx.Client, problem: Any
) -> None:
    body = problem(create(admin, email="someone@b.com", password="SomeOne@b.com "))
    assert [error["pointer"] for error in body["errors"]] == ["/password"]


def test_the_password_may_be_as_long_and_as_strange_as_it_likes(admin: httpx.Client) -> None:
    for number, password in enumerate(("a" * 12, "é" * 1_024, "\u0000" * 12, " " * 12)):
        assert create(admin, email=f"{number}@b.c", password=password).status_code == 201


def test_users_are_listed_newest_first_a_page_at_a_time(admin: httpx.Client, problem: Any) -> None:
    for number in range(4):
        create(admin, email=f"{number}@b.c")
    found, cursor = [], None
    while True:
        page = admin.get("/users", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        found += [user["id"] for user in page.json()["users"]]
        cursor = page.json()["next_cursor"]
        assert ("link" in page.headers) == (cursor is not None)
        if cursor is None:
            break
    assert found == [5, 4, 3, 2, 1]
    assert problem(admin.get("/users?cursor=x"))["status"] == 422
    assert problem(admin.get("/users?role=admin"))["status"] == 422


def test_a_change_leaves_the_rest_as_it_was(admin: httpx.Client) -> None:
    create(admin)
    assert admin.patch("/users/2", json={"role": "manager"}).json()["role"] == "manager"
    assert admin.patch("/users/2", json={}).json()["role"] == "manager"
    disabled = admin.patch("/users/2", json={"disabled": True}).json()
    assert (disabled["role"], disabled["disabled_at"] is None) == ("manager", False)
    again = admin.patch("/users/2", json={"disabled": True}).json()
    assert again["disabled_at"] == disabled["disabled_at"]
    enabled = admin.patch("/users/2", json={"disabled": False, "role": "clerk"}).json()
    assert (enabled["role"], enabled["disabled_at"]) == ("clerk", None)


def test_a_disabled_user_cannot_log_in_until_enabled_again(admin: httpx.Client) -> None:
    create(admin)
    for disabled, status in ((True, 400), (False, 200)):
        admin.patch("/users/2", json={"disabled": disabled}).raise_for_status()
        assert log_in(admin, "clerk@b.c").status_code == status


def test_a_new_password_takes_the_place_of_the_old(admin: httpx.Client, problem: Any) -> None:
    create(admin)
    another = "battery staple horse correct"
    admin.patch("/users/2", json={"password": another}).raise_for_status()
    assert log_in(admin, "clerk@b.c").status_code == 400
    assert log_in(admin, "clerk@b.c", another).status_code == 200
    create(admin, email="someone@example.com")
    body = problem(admin.patch("/users/3", json={"password": "Someone@example.com"}))
    assert body["errors"][0]["pointer"] == "/password"


@pytest.mark.parametrize(
    "change", [{"role": None}, {"disabled": None}, {"disabled": "yes"}, {"email": "a@b.c"}, []]
)
def test_a_change_that_cannot_be_is_refused(
    admin: httpx.Client, problem: Any, change: object
) -> None:
    assert problem(admin.patch("/users/1", json=change))["status"] == 422


def test_who_is_not_there_is_not_found(admin: httpx.Client, problem: Any) -> None:
    for answer in (
        admin.get("/users/9"),
        admin.patch("/users/9", json={"role": "clerk"}),
        admin.patch("/users/9", json={}),
    ):
        assert problem(answer)["status"] == 404


@pytest.mark.parametrize("change", [{"role": "manager"}, {"disabled": True}])
def test_the_last_admin_who_can_log_in_stays(
    admin: httpx.Client, problem: Any, change: dict[str, object]
) -> None:
    create(admin, email="other@b.c", role="admin")
    admin.patch("/users/2", json={"disabled": True}).raise_for_status()
    assert problem(admin.patch("/users/1", json=change))["status"] == 409
    assert admin.patch("/users/1", json={"role": "admin", "disabled": False}).status_code == 200
    admin.patch("/users/2", json={"disabled": False}).raise_for_status()
    assert admin.patch("/users/1", json=change).status_code == 200
    assert problem(admin.patch("/users/2", json=change))["status"] == 409


@pytest.mark.parametrize("attempt", range(5))
def test_of_all_admins_who_are_disabled_at_the_same_instant_one_stays(
    admin: httpx.Client, engine: Engine, attempt: int
) -> None:
    for number in range(3):
        create(admin, email=f"{number}@b.c", role="admin")

    def disable(user_id: int) -> int:
        return admin.patch(f"/users/{user_id}", json={"disabled": True}).status_code

    with ThreadPoolExecutor(4) as callers:
        found = list(callers.map(disable, range(1, 5)))
    assert sorted(found) == [200, 200, 200, 409], attempt
    with engine.connect() as connection:
        left = "SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL"
        assert connection.scalar(text(left)) == 1


def test_a_user_whom_somebody_holds_is_not_waited_for_for_long(
    admin: httpx.Client, engine: Engine, problem: Any
) -> None:
    create(admin)
    with engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM users WHERE id = 2 FOR UPDATE"))
        assert problem(admin.patch("/users/2", json={"role": "viewer"}))["status"] == 503
        assert problem(log_in(admin, "clerk@b.c"))["status"] == 503
    assert log_in(admin, "clerk@b.c").status_code == 200
