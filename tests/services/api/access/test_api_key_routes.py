"""API keys over HTTP, for admins: shown once, revoked at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from orders_api.schemas.scopes import Role
from orders_api.settings import Settings
from tally_testing.access import PASSWORD, Desk
from tally_testing.serving import serving

NEW = {"name": "web shop", "scopes": ["orders:write", "orders:read"]}


@pytest.fixture
def admin(desk: Desk, database_url: str) -> Iterator[httpx.Client]:
    """A client that is logged in as user 1, an admin."""
    desk.register("admin@b.c", Role.ADMIN)
    settings = {"database_url": database_url, "auth": "required"}
    with serving(Settings.model_validate(settings)) as client:
        form = {"grant_type": "password", "username": "admin@b.c", "password": PASSWORD}
        token = client.post("/auth/token", data=form).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def call(client: httpx.Client, key: str, path: str = "/auth/me") -> httpx.Response:
    return httpx.get(str(client.base_url) + path, headers={"x-api-key": key})


def test_a_key_is_shown_once_and_opens_what_its_scopes_are_for(
    admin: httpx.Client, problem: Any
) -> None:
    created = admin.post("/api-keys", json=NEW)
    assert created.status_code == 201
    assert created.headers["cache-control"] == "no-store"
    shown = created.json()
    key = shown.pop("key")
    assert key.startswith(f"tally_{shown['prefix']}_")
    assert shown["created_by"] == "user:1"
    assert shown["scopes"] == ["orders:read", "orders:write"]
    assert admin.get("/api-keys").json() == {"api_keys": [shown], "next_cursor": None}
    assert key not in admin.get("/api-keys").text
    name = f"key:{shown['prefix']}"
    assert call(admin, key).json() == {"name": name, "scopes": ["orders:read", "orders:write"]}
    assert call(admin, key, "/orders").status_code == 200
    assert problem(call(admin, key, "/users"))["status"] == 403


def test_what_a_key_changes_is_written_to_its_name(admin: httpx.Client) -> None:
    shown = admin.post("/api-keys", json=NEW).json()
    order = {"customer_id": 1, "total_cents": 1}
    headers = {"x-api-key": shown["key"]}
    created = httpx.post(f"{admin.base_url}/orders", json=order, headers=headers)
    assert created.json()["changed_by"] == f"key:{shown['prefix']}"


def test_a_revoked_key_ends_at_once_and_is_still_listed(admin: httpx.Client, problem: Any) -> None:
    key = admin.post("/api-keys", json=NEW).json()["key"]
    assert call(admin, key).status_code == 200
    for _ in range(2):
        revoked = admin.delete("/api-keys/1")
        assert (revoked.status_code, revoked.content) == (204, b"")
    refused = call(admin, key)
    assert problem(refused)["status"] == 401
    assert refused.headers["www-authenticate"].startswith("Bearer ")
    [listed] = admin.get("/api-keys").json()["api_keys"]
    assert listed["revoked_at"] is not None


def test_the_first_revocation_is_the_one_that_is_shown(admin: httpx.Client) -> None:
    admin.post("/api-keys", json=NEW)
    times = set()
    for _ in range(2):
        admin.delete("/api-keys/1")
        times.add(admin.get("/api-keys").json()["api_keys"][0]["revoked_at"])
    assert len(times) == 1


def test_a_key_that_is_not_there_is_not_found(admin: httpx.Client, problem: Any) -> None:
    assert problem(admin.delete("/api-keys/9"))["status"] == 404
    assert problem(admin.delete("/api-keys/0"))["status"] == 422
    assert problem(admin.get("/api-keys/1"))["status"] == 405


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " "),
        ("name", "a" * 201),
        ("name", "\u0000"),
        ("name", None),
        ("scopes", []),
        ("scopes", "admin"),
        ("scopes", None),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "tomorrow"),
        ("expires_at", 7),
        ("key", "mine"),
    ],
)
def test_a_key_that_cannot_be_is_refused_by_field(
    admin: httpx.Client, problem: Any, field: str, value: object
) -> None:
    body = problem(admin.post("/api-keys", json=NEW | {field: value}))
    assert body["status"] == 422
    assert [error["pointer"] for error in body["errors"]] == [f"/{field}"]


def test_a_scope_that_there_is_not_is_named(admin: httpx.Client, problem: Any) -> None:
    body = problem(admin.post("/api-keys", json=NEW | {"scopes": ["admin", "root"]}))
    assert body["errors"][0]["pointer"] == "/scopes/1"


def test_a_scope_that_is_named_twice_is_one(admin: httpx.Client) -> None:
    made = admin.post("/api-keys", json=NEW | {"scopes": ["admin", "admin"]})
    assert made.json()["scopes"] == ["admin"]


def test_a_key_may_end_by_itself(admin: httpx.Client) -> None:
    end = datetime.now(UTC) + timedelta(days=1)
    made = admin.post("/api-keys", json=NEW | {"expires_at": end.isoformat()})
    assert datetime.fromisoformat(made.json()["expires_at"]) == end


def test_keys_are_listed_newest_first_a_page_at_a_time(admin: httpx.Client) -> None:
    for number in range(3):
        admin.post("/api-keys", json=NEW | {"name": f"shop {number}"})
    first = admin.get("/api-keys?limit=2").json()
    rest = admin.get("/api-keys", params={"cursor": first["next_cursor"]}).json()
    found = [key["name"] for page in (first, rest) for key in page["api_keys"]]
    assert found == ["shop 2", "shop 1", "shop 0"]
    assert rest["next_cursor"] is None
