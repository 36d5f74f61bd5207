"""Logging in over HTTP: OAuth2's password flow, refreshing, revoking."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest
from anyio import run
from argon2 import PasswordHasher
from sqlalchemy import Engine, text

from orders_api.clients.database import Database
from orders_api.schemas.access import NewUser
from orders_api.schemas.scopes import ROLES, Role
from orders_api.services.access import passwords, users
from orders_api.services.access.passwords import Passwords
from orders_api.settings import Settings
from tally_testing.access import PASSWORD
from tally_testing.serving import serving

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def clerk(shared_engine: Engine) -> int:
    """The id of a user of the role clerk, clerk@b.c, who logs in with PASSWORD."""
    user = NewUser(email="clerk@b.c", password=PASSWORD, role=Role.CLERK)
    return users.create(Database(shared_engine), user, run(Passwords().hash, PASSWORD))[0]


@pytest.fixture(scope="module")
def auth(shared_url: str, clerk: int) -> Iterator[httpx.Client]:
    """A client of an API that lets nobody in unknown, and never tires of failed logins."""
    assert clerk
    many = "1000000/minute"
    limits = {"login_limit": many, "login_address_limit": many, "login_name_limit": many}
    settings = {"database_url": shared_url, "auth": "required", **limits}
    with serving(Settings.model_validate(settings)) as client:
        yield client


def log_in(
    client: httpx.Client, name: str = "clerk@b.c", password: str = PASSWORD, **fields: str
) -> httpx.Response:
    form = {"grant_type": "password", "username": name, "password": password, **fields}
    return client.post("/auth/token", data=form)


def refresh(client: httpx.Client, token: str, **fields: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, **fields}
    return client.post("/auth/token", data=form)


def test_a_password_gives_tokens_that_open_what_the_role_may(
    auth: httpx.Client, clerk: int
) -> None:
    answer = log_in(auth)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert tokens["scope"] == "orders:read orders:write"
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    me = auth.get("/auth/me", headers=bearer).json()
    assert me == {"name": f"user:{clerk}", "scopes": sorted(ROLES[Role.CLERK])}
    assert auth.get("/orders", headers=bearer).status_code == 200


def test_the_name_of_the_user_may_be_written_in_any_case(auth: httpx.Client) -> None:
    assert log_in(auth, " CLERK@B.C").status_code == 200


def test_a_token_holds_nothing_personal(auth: httpx.Client) -> None:
    token = log_in(auth).json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == {"iss", "aud", "iat", "nbf", "exp", "sub", "jti", "scope"}
    assert "clerk" not in str(claims)


def test_who_did_it_is_written_into_the_change_and_shown_in_the_history(
    auth: httpx.Client, clerk: int
) -> None:
    bearer = {"authorization": f"Bearer {log_in(auth).json()['access_token']}"}
    order = {"customer_id": 1, "total_cents": 1}
    created = auth.post("/orders", json=order, headers=bearer)
    assert created.json()["changed_by"] == f"user:{clerk}"
    where = created.headers["location"]
    auth.patch(where, json={"status": "paid"}, headers=bearer | {"if-match": "*"})
    changes = auth.get(f"{where}/history", headers=bearer).json()["changes"]
    assert [change["changed_by"] for change in changes] == [f"user:{clerk}"] * 2


def test_fewer_scopes_can_be_asked_for_and_a_refresh_gets_no_more(auth: httpx.Client) -> None:
    narrow = log_in(auth, scope="orders:read").json()
    assert narrow["scope"] == "orders:read"
    assert refresh(auth, narrow["refresh_token"]).json()["scope"] == "orders:read"


@pytest.mark.parametrize("scope", ["admin", "orders:read sales:read", "root", "orders:read,admin"])
def test_more_scopes_than_the_role_has_cannot_be_had(
    auth: httpx.Client, problem: Any, scope: str
) -> None:
    body = problem(log_in(auth, scope=scope))
    assert (body["status"], body["error"]) == (400, "invalid_scope")


def test_refreshing_gives_new_tokens_and_the_old_refresh_token_ends_the_login(
    auth: httpx.Client, problem: Any
) -> None:
    first = log_in(auth).json()
    second = refresh(auth, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    for token in (first["refresh_token"], second["refresh_token"]):
        body = problem(refresh(auth, token))
        assert (body["status"], body["error"]) == (400, "invalid_grant")


def test_revoking_ends_the_login_and_whatever_else_is_sent_is_no_error(
    auth: httpx.Client, problem: Any
) -> None:
    token = log_in(auth).json()["refresh_token"]
    for _ in range(2):
        revoked = auth.post("/auth/revoke", data={"token": token})
        assert (revoked.status_code, revoked.content) == (200, b"")
    assert problem(refresh(auth, token))["error"] == "invalid_grant"
    assert auth.post("/auth/revoke", data={"token": "nothing"}).status_code == 200


def test_an_access_token_is_not_revoked_in_silence(auth: httpx.Client, problem: Any) -> None:
    form = {"token": log_in(auth).json()["access_token"], "token_type_hint": "access_token"}
    assert problem(auth.post("/auth/revoke", data=form))["error"] == "unsupported_token_type"


def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that will hold the hash of every password that is verified."""
    verified: list[str] = []
    verify = passwords._verify

    def counted(password: str, stored: str) -> Any:
        verified.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(passwords, "_verify", counted)
    return verified


def test_an_unknown_name_a_disabled_user_and_a_wrong_password_are_told_the_same_at_one_cost(
    auth: httpx.Client, shared_engine: Engine, problem: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = NewUser(email="gone@b.c", password=PASSWORD, role=Role.CLERK)
    users.create(Database(shared_engine), gone, run(Passwords().hash, PASSWORD))
    with shared_engine.begin() as connection:
        disable = "UPDATE users SET disabled_at = tally_now() WHERE email = 'gone@b.c'"
        connection.execute(text(disable))
    verified = verifications(monkeypatch)
    answers = [
        log_in(auth, "nobody@b.c"),
        log_in(auth, "gone@b.c"),
        log_in(auth, "clerk@b.c", "wrong password"),
        log_in(auth, "nobody@b.c", "wrong password", scope="admin"),
    ]
    bodies = [problem(answer) for answer in answers]
    for body in bodies:
        del body["request_id"]
    assert all(body == bodies[0] for body in bodies)
    assert (bodies[0]["status"], bodies[0]["error"]) == (400, "invalid_grant")
    assert len(verified) == 4
    parameters = {stored.rsplit("$", 2)[0] for stored in verified}
    assert parameters == {"$argon2id$v=19$m=19456,t=2,p=1"}


def test_a_hash_of_old_parameters_is_renewed_when_its_user_logs_in(
    auth: httpx.Client, shared_engine: Engine
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    user = NewUser(email="old@b.c", password=PASSWORD, role=Role.CLERK)
    users.create(Database(shared_engine), user, weak)
    for _ in range(2):
        assert log_in(auth, "old@b.c").status_code == 200
    account = users.find(Database(shared_engine), "old@b.c")
    assert account is not None
    assert account.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


BAD_FORMS = [
    (b"", "invalid_request"),
    (b"grant_type=", "invalid_request"),
    (b"grant_type=client_credentials", "unsupported_grant_type"),
    (b"grant_type=password", "invalid_request"),
    (b"grant_type=password&username=a", "invalid_request"),
    (b"grant_type=password&username=&password=b", "invalid_request"),
    (b"grant_type=refresh_token", "invalid_request"),
    (b"grant_type=password&username=a&username=a&password=b", "invalid_request"),
    (b"grant_type=password&username=a&password=b&totp=1", "invalid_request"),
    (b"grant_type=password&username=%ff&password=b", "invalid_request"),
    (b"grant_type=password&username=%00&password=b", "invalid_request"),
    (b"grant_type=password&username=%ed%a0%80&password=b", "invalid_request"),
    ("grant_type=password&username=é&password=b".encode(), "invalid_request"),
    (b"grant_type=refresh_token&refresh_token=%00", "invalid_request"),
    (b"&".join(b"f%d=1" % n for n in range(900)), "invalid_request"),
    (b"{}", "invalid_request"),
]


@pytest.mark.parametrize(("form", "error"), BAD_FORMS, ids=range(len(BAD_FORMS)))
def test_a_form_that_is_not_right_is_told_why(
    auth: httpx.Client, problem: Any, form: bytes, error: str
) -> None:
    body = problem(auth.post("/auth/token", content=form, headers=FORM))
    assert (body["status"], body["error"]) == (400, error)


@pytest.mark.parametrize("form", [b"", b"token=", b"token=a&token=b", b"token=a&x=1", b"token=%00"])
def test_a_revocation_that_is_not_right_is_told_why(
    auth: httpx.Client, problem: Any, form: bytes
) -> None:
    body = problem(auth.post("/auth/revoke", content=form, headers=FORM))
    assert (body["status"], body["error"]) == (400, "invalid_request")


def test_a_form_that_is_too_large_is_not_read_to_its_end(auth: httpx.Client, problem: Any) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b"a" * 65_536

    body = problem(auth.post("/auth/token", content=b"a" * 8_193, headers=FORM))
    assert body["status"] == 413
    try:
        assert problem(auth.post("/auth/token", content=chunks(), headers=FORM))["status"] == 413
    except httpx.TransportError:
        assert sent < 1_000


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/auth/token", {"content-type": "application/json"}),
        ("/auth/token", {}),
        ("/auth/revoke", {"content-type": "multipart/form-data; boundary=x"}),
        ("/auth/token", FORM | {"content-encoding": "gzip"}),
        ("/auth/token", {"content-type": FORM["content-type"] + "; charset=latin-1"}),
    ],
)
def test_only_a_form_is_taken(
    auth: httpx.Client, problem: Any, path: str, headers: dict[str, str]
) -> None:
    assert problem(auth.post(path, content=b"a=b", headers=headers))["status"] == 415


def test_a_password_in_the_query_is_not_taken(auth: httpx.Client, problem: Any) -> None:
    form = {"grant_type": "password", "username": "clerk@b.c", "password": PASSWORD}
    answer = auth.post(f"/auth/token?{urlencode(form)}", content=b"", headers=FORM)
    assert problem(answer)["status"] == 422


def test_what_basic_authentication_says_at_the_token_endpoint_is_not_looked_at(
    auth: httpx.Client,
) -> None:
    """Swagger UI sends it, with an empty client id."""
    form = {"grant_type": "password", "username": "clerk@b.c", "password": PASSWORD, "scope": ""}
    assert auth.post("/auth/token", data=form, auth=("", "")).status_code == 200


def test_who_is_not_known_is_told_nothing_of_who_they_are(auth: httpx.Client, problem: Any) -> None:
    assert problem(auth.get("/auth/me"))["status"] == 401
