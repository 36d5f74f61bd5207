"""Who counts as known, what is kept of them, and how often they may come."""

import random
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text

from orders_api.schemas.scopes import Scope
from orders_api.services.access.tokens import Tokens
from orders_api.settings import Settings
from tally_testing.serving import serving

ORDER = {"customer_id": 1, "total_cents": 100, "region": "eu-west"}
SIGNED = {"JWT_KEYS": "k:" + "k" * 32}


def settings_of(url: str, **keys: str) -> Settings:
    return Settings.from_environment({"DATABASE_URL": url} | SIGNED | keys)


def bearer(url: str, name: str, *scopes: Scope) -> dict[str, str]:
    return {
        "authorization": f"Bearer {Tokens(settings_of(url)).issue(name, scopes or tuple(Scope))}"
    }


@pytest.fixture(scope="module")
def local(shared_url: str) -> Iterator[httpx.Client]:
    """A client of an API as it runs on a laptop."""
    with serving(settings_of(shared_url)) as client:
        yield client


def test_on_a_laptop_whoever_calls_from_it_may_do_all_but_manage_users(
    local: httpx.Client, problem: Any
) -> None:
    assert local.get("/auth/me").json() == {
        "name": "anonymous",
        "scopes": sorted(set(Scope) - {Scope.ADMIN}),
    }
    assert problem(local.get("/users"))["type"] == "/problems/forbidden"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"via": "1.1 nginx"},
        {"x-real-ip": "127.0.0.1"},
        {"x-forwarded-proto": "https"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
        {"host": "localhost.evil.example:80"},
        {"authorization": "Bearer no"},
        {"x-api-key": "no"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_a_page_a_proxy_or_bad_credentials_are_nobody_from_this_machine(
    local: httpx.Client, problem: Any, headers: dict[str, str]
) -> None:
    assert problem(local.get("/orders", headers=headers))["type"] == "/problems/unauthorized"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_this_machine_has_several_names(local: httpx.Client, host: str) -> None:
    assert local.get("/orders", headers={"host": host}).status_code == 200


def test_who_did_it_is_kept_with_every_change(
    local: httpx.Client, shared_url: str, shared_engine: Engine
) -> None:
    admin = bearer(shared_url, "user:7")
    made = local.post("/api-keys", json={"name": "till", "scopes": list(Scope)}, headers=admin)
    key = {"x-api-key": made.json()["key"]}
    prefix = made.json()["prefix"]
    order = local.post("/orders", json=ORDER, headers=admin).json()
    path = f"/orders/{order['id']}"
    local.patch(path, json={"status": "paid"}, headers=key | {"if-match": '"1"'})
    assert local.get(path).json()["changed_by"] == f"key:{prefix}"
    local.delete(path, headers={"if-match": "*"})
    changes = local.get(f"{path}/history").json()["changes"]
    assert [change["changed_by"] for change in changes] == ["user:7", f"key:{prefix}", "anonymous"]
    headers = admin | {"content-type": "text/csv"}
    content = "customer_id,total_cents,region\n1,1,by-file\n"
    local.post("/orders:import", content=content, headers=headers).raise_for_status()
    with shared_engine.connect() as connection:
        query = "SELECT changed_by FROM order_changes WHERE region = 'by-file'"
        assert connection.scalar(text(query)) == "user:7"


def test_a_key_of_idempotency_belongs_to_its_caller(local: httpx.Client, shared_url: str) -> None:
    key = {"idempotency-key": uuid4().hex}
    answers = [
        local.post("/orders", json=ORDER, headers=key | bearer(shared_url, name))
        for name in ("user:1", "user:2", "user:1")
    ]
    first, second, again = (answer.json()["id"] for answer in answers)
    assert (first == again, first == second) == (True, False)
    assert answers[2].headers["idempotency-replayed"] == "true"


def test_answers_tell_how_much_is_left(database_url: str, problem: Any) -> None:
    with serving(settings_of(database_url, RATE_LIMIT="3/hour")) as client:
        answers = [client.get("/orders") for _ in range(4)]
        for answer, left in zip(answers, (2, 1, 0, 0), strict=True):
            assert answer.headers["ratelimit-policy"] == '"default";q=3;w=3600'
            assert answer.headers["ratelimit"].startswith(f'"default";r={left};t=')
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert problem(answers[3])["type"] == "/problems/too-many-requests"
        left_s = int(answers[3].headers["retry-after"])
        assert 0 < left_s <= 3600
        assert answers[3].headers["ratelimit"] == f'"default";r=0;t={left_s}'


def test_every_caller_has_a_share_of_their_own(database_url: str) -> None:
    with serving(settings_of(database_url, RATE_LIMIT="1/hour")) as client:
        for caller in ("user:1", "user:2"):
            headers = bearer(database_url, caller)
            codes = [client.get("/v1/orders", headers=headers).status_code for _ in range(2)]
            assert codes == [200, 429]
        assert client.get("/health/ready").status_code == 200


def test_unknown_callers_of_one_address_share_what_they_may(
    database_url: str, problem: Any
) -> None:
    """The address is the one that the last trusted proxy saw, whatever a client says before it."""
    settings = settings_of(database_url, RATE_LIMIT="2/hour", AUTH="required", PROXIES="1")
    with serving(settings) as client:

        def ask(seen: str) -> int:
            return client.get("/orders", headers={"x-forwarded-for": seen}).status_code

        assert [ask(f"10.0.0.{spoofed}, 192.0.2.1") for spoofed in range(3)] == [401, 401, 429]
        assert ask("192.0.2.1, 192.0.2.2") == 401
        assert [ask(f"2001:db8:0:1::{host}") for host in range(3)] == [401, 401, 429]
        assert ask("2001:db8:0:2::1") == 401
        limited = client.get("/orders", headers={"x-forwarded-for": "192.0.2.1"})
        assert problem(limited)["type"] == "/problems/too-many-requests"
        known = bearer(database_url, "user:1") | {"x-forwarded-for": "192.0.2.1"}
        assert client.get("/orders", headers=known).status_code == 200


def test_a_port_behind_an_address_is_no_address_of_its_own(database_url: str) -> None:
    settings = settings_of(database_url, RATE_LIMIT="1/hour", AUTH="required", PROXIES="1")
    with serving(settings) as client:
        for first, second in (("192.0.2.1:1", "192.0.2.1:2"), ("[2001:db8::1]:1", "2001:db8::2")):
            codes = [
                client.get("/orders", headers={"x-forwarded-for": seen}).status_code
                for seen in (first, second)
            ]
            assert codes == [401, 429]


def test_whoever_sends_two_credentials_is_counted(shared_url: str, local: httpx.Client) -> None:
    headers = bearer(shared_url, "user:1") | {"x-api-key": "no"}
    response = local.get("/orders", headers=headers)
    assert response.status_code == 400
    assert response.headers["ratelimit-policy"]


LOOKUPS = "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = :name"


def test_keys_over_the_limit_are_not_looked_up_and_a_known_one_is_served(
    database_url: str, engine: Engine
) -> None:
    """A stranger who tries keys costs the database nothing more, and holds nobody up."""
    keys = {"RATE_LIMIT": "20/hour", "API_KEY_CACHE_S": "0"}
    with serving(settings_of(database_url, **keys)) as client:
        admin = bearer(database_url, "user:1")
        body = {"name": "till", "scopes": ["orders:read"]}
        known = {"x-api-key": client.post("/api-keys", json=body, headers=admin).json()["key"]}
        assert client.get("/auth/me", headers=known).status_code == 200
        codes = [client.get("/auth/me", headers=stranger()).status_code for _ in range(60)]
        assert codes == [401] * 19 + [429] * 41
        assert client.get("/auth/me", headers=known).status_code == 200
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        assert connection.scalar(text(LOOKUPS), {"name": "api_keys"}) < 40


def stranger() -> dict[str, str]:
    prefix = "".join(random.choices("abcdefghijklmnopqrstuvwxyz234567", k=13))
    return {"x-api-key": f"tally_{prefix}_{'A' * 43}"}
