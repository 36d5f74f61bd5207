"""Every route, with every kind of caller: who gets in, and who learns nothing."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import jwt
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import Engine, text

from orders_api.app import create_app
from orders_api.routes.strict_route import StrictRoute
from orders_api.schemas.need import Need, Needed
from orders_api.schemas.scopes import Scope
from orders_api.settings import Settings
from tally_testing.serving import serving

# What each route asks for. A new one is added here by hand, after a thought.
ROUTES: Final = {
    "GET /": "public",
    "GET /docs": "public",
    "GET /redoc": "public",
    "GET /docs/assets/{digest}/{name}": "public",
    "GET /openapi.json": "public",
    "GET /health/startup": "public",
    "GET /health/live": "public",
    "GET /health/ready": "public",
    "GET /problems": "public",
    "GET /problems/{slug}": "public",
    "POST /auth/token": "public",
    "POST /auth/revoke": "public",
    "GET /auth/me": "known",
    "GET /orders": "orders:read",
    "GET /orders/{order_id}": "orders:read",
    "GET /orders/{order_id}/history": "orders:read",
    "GET /orders/events": "orders:read",
    "POST /orders/events/tickets": "orders:read",
    "POST /orders": "orders:write",
    "PATCH /orders/{order_id}": "orders:write",
    "DELETE /orders/{order_id}": "orders:write",
    "POST /orders:import": "orders:import",
    "GET /orders:export": "orders:read",
    "GET /items": "orders:read",
    "GET /items/{item_id}": "orders:read",
    "POST /items": "items:write",
    "PUT /items/{item_id}": "items:write",
    "PATCH /items/{item_id}": "items:write",
    "DELETE /items/{item_id}": "items:write",
    "GET /sales/daily": "sales:read",
    "GET /stream/count": "known",
    "GET /stream/json": "known",
    "GET /stream/events": "known",
    "GET /demo/blocking": "known",
    "GET /demo/async-sleep": "known",
    "GET /demo/threadpool": "known",
    "POST /users": "admin",
    "GET /users": "admin",
    "GET /users/{user_id}": "admin",
    "PATCH /users/{user_id}": "admin",
    "POST /api-keys": "admin",
    "GET /api-keys": "admin",
    "DELETE /api-keys/{key_id}": "admin",
}
GUARDED: Final = {route: needed for route, needed in ROUTES.items() if needed != "public"}
SCOPED: Final = {route: needed for route, needed in GUARDED.items() if needed != "known"}
MOUNTS: Final = ("", "/v1")

KEYS: Final = "new:" + "n" * 32 + ",old:" + "o" * 32
SECRETS: Final = {"new": "n" * 32, "old": "o" * 32, "retired": "r" * 32}


def declared() -> Iterator[tuple[str, Needed]]:
    for context in iter_route_contexts(create_app().routes):
        if context.methods:
            route = getattr(context, "original_route", context)
            assert isinstance(route, StrictRoute), f"{context.path}: nobody checks who calls"
            for method in context.methods:
                yield f"{method} {context.path_format}", route.needed


def test_every_route_says_what_it_asks_for() -> None:
    names: dict[Needed, str] = {Need.NOTHING: "public", Need.IDENTITY: "known"}
    assert {route: names.get(needed, str(needed)) for route, needed in declared()} == ROUTES


def token(scope: str, *, kid: str | None = "new", key: str | None = None, **claims: Any) -> str:
    now = datetime.now(UTC)
    said = {
        "iss": "tally",
        "aud": "tally-api",
        "sub": "user:1",
        "jti": uuid4().hex,
        "iat": now,
        "nbf": now,
        "exp": now + timedelta(minutes=15),
        "scope": scope,
        **claims,
    }
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(said, SECRETS[key or kid or "new"], "HS256", headers)


@pytest.fixture(scope="module")
def guarded(shared_url: str) -> Iterator[httpx.Client]:
    """A client of an API that lets nobody in unknown."""
    keys = {"DATABASE_URL": shared_url, "AUTH": "required", "JWT_KEYS": KEYS}
    # A stream ends when it has begun; whoever is let into the lab finds that it is off.
    keys |= {"RATE_LIMIT": "1000000/minute", "EVENTS_MAX_S": "0.01", "LAB": "false"}
    with serving(Settings.from_environment(keys)) as client:
        yield client


def ask(client: httpx.Client, route: str, headers: dict[str, str], mount: str) -> httpx.Response:
    method, path = route.split(" ")
    if "{slug}" in path:
        path = "/problems/conflict"
    return client.request(method, mount + re.sub(r"\{\w+\}", "999999999", path), headers=headers)


def bearer(of: str) -> dict[str, str]:
    return {"authorization": f"Bearer {of}"}


@pytest.mark.parametrize("mount", MOUNTS, ids=["unversioned", "v1"])
@pytest.mark.parametrize("kid", ["new", "old"])
@pytest.mark.parametrize("scope", Scope)
def test_a_token_opens_what_its_scope_is_for_and_nothing_else(
    guarded: httpx.Client, problem: Any, scope: Scope, kid: str, mount: str
) -> None:
    headers = bearer(token(scope, kid=kid))
    for route, needed in ROUTES.items():
        response = ask(guarded, route, headers, mount)
        if needed in ("public", "known", scope):
            assert response.status_code not in (401, 403), route
        else:
            body = problem(response)
            assert (body["status"], body["detail"]) == (403, f"This needs the scope {needed}.")


@pytest.fixture(scope="module")
def new_key(guarded: httpx.Client) -> Any:
    def create(*scopes: str) -> tuple[int, dict[str, str]]:
        body = {"name": "a test's", "scopes": scopes}
        made = guarded.post("/api-keys", json=body, headers=bearer(token("admin"))).json()
        return made["id"], {"x-api-key": made["key"]}

    return create


@pytest.mark.parametrize("scope", Scope)
def test_a_key_opens_what_its_scope_is_for_and_nothing_else(
    guarded: httpx.Client, new_key: Any, scope: Scope
) -> None:
    _, headers = new_key(scope)
    for route, needed in GUARDED.items():
        refused = ask(guarded, route, headers, "").status_code == 403
        assert refused == (needed not in ("known", scope)), route


def unsigned() -> str:
    return jwt.encode(jwt.decode(token("admin"), options={"verify_signature": False}), "", "none")


def past(**ago: float) -> datetime:
    return datetime.now(UTC) - timedelta(**ago)


ALL: Final = " ".join(Scope)
BAD: Final = {
    "none": {},
    "an expired token": bearer(token(ALL, exp=past(seconds=1), nbf=past(hours=1))),
    "a token of later": bearer(token(ALL, nbf=past(hours=-1))),
    "another audience": bearer(token(ALL, aud="somebody-else")),
    "another issuer": bearer(token(ALL, iss="somebody-else")),
    "no audience": bearer(token(ALL, aud=None)),
    "alg none": bearer(unsigned()),
    "a retired key": bearer(token(ALL, kid="retired")),
    "a retired key under a live name": bearer(token(ALL, kid="new", key="retired")),
    "no kid": bearer(token(ALL, kid=None)),
    "no token": {"authorization": "Bearer"},
    "another scheme": {"authorization": "Basic YTpi"},
    "garbage": bearer("a.b.c"),
    "no such key": {"x-api-key": "tally_" + "a" * 13 + "_" + "A" * 43},
    "no key at all": {"x-api-key": "tally_00000000_" + "A" * 43},
    "no key": {"x-api-key": ""},
}


@pytest.mark.parametrize("mount", MOUNTS, ids=["unversioned", "v1"])
@pytest.mark.parametrize("kind", BAD)
def test_whoever_is_not_known_learns_nothing(
    guarded: httpx.Client, problem: Any, kind: str, mount: str
) -> None:
    for route in GUARDED:
        response = ask(guarded, route, BAD[kind], mount)
        assert problem(response)["type"] == "/problems/unauthorized", route
        assert response.headers["www-authenticate"].startswith("Bearer "), route
        assert "allow" not in response.headers


def test_a_key_that_was_revoked_or_has_expired_opens_nothing(
    guarded: httpx.Client, shared_engine: Engine, problem: Any, new_key: Any
) -> None:
    revoked_id, revoked = new_key(*Scope)
    assert guarded.get("/orders", headers=revoked).status_code == 200
    guarded.delete(f"/api-keys/{revoked_id}", headers=bearer(token("admin"))).raise_for_status()
    expired_id, expired = new_key(*Scope)
    with shared_engine.begin() as connection:
        expire = "UPDATE api_keys SET expires_at = tally_now() WHERE id = :id"
        connection.execute(text(expire), {"id": expired_id})
    for headers in (revoked, expired):
        for route in GUARDED:
            assert problem(ask(guarded, route, headers, ""))["status"] == 401, route


def test_whoever_is_not_let_in_is_not_told_what_is_wrong_with_the_rest(
    guarded: httpx.Client, problem: Any
) -> None:
    no_json = {"content-type": "text/plain"}
    assert problem(guarded.post("/orders?x=1", content="{", headers=no_json))["status"] == 401
    may_read = bearer(token("orders:read")) | no_json
    assert problem(guarded.post("/orders?x=1", content="{", headers=may_read))["status"] == 403


def test_two_credentials_are_one_too_many(guarded: httpx.Client, problem: Any) -> None:
    both = bearer(token(ALL)) | BAD["no such key"]
    assert problem(guarded.get("/orders", headers=both))["type"] == "/problems/bad-request"
    twice = [("authorization", f"Bearer {token(ALL)}")] * 2
    assert problem(guarded.get("/orders", headers=twice))["type"] == "/problems/bad-request"
