"""Nothing that is secret or personal is ever in the log, whoever wrote the line."""

from pathlib import Path
from time import thread_time

import httpx
import pytest
from sqlalchemy import Engine, text

from orders_api.create_admin import main as create_admin
from orders_api.logs.redaction import Redaction, secrets_of
from orders_api.settings import Settings
from tally_testing.api_process import ApiProcess, api_process
from tally_testing.raw_http import ask
from tally_testing.waiting import wait_until

PASSWORD = "correct horse battery staple"
EMAIL = "ada.lovelace@example.org"
SECRET = "s3cr3t-of-32-bytes-at-the-very-least"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyOjEifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r"
KEY = "tally_mfrggzdfmztwq_0123456789abcdefghijABCDEFGHIJ0123456789-_x"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"to {EMAIL}, gone", "to …@…, gone"),
        (f"sent Bearer {TOKEN}, it says", "sent Bearer …, it says"),
        (f"what is {TOKEN}?", "what is …?"),
        (f"what is {KEY}?", "what is …?"),
        (f"{{'password': '{PASSWORD}'}}", "{'password': …}"),
        ("postgresql://tally:pw@host/tally gone", "postgresql://…@host/tally gone"),
        ("GET /orders?customer_id=7 failed", "GET /orders?… failed"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA is stored", "… is stored"),
        ("SELECT 1]\n[parameters: ('ada', 'b]c')]\nmore", "SELECT 1]\n[parameters: …]\nmore"),
        ("{'C': '23505', 'D': 'Key (name)=(Ada) is.'}", "{'C': '23505', 'D': '…'}"),
        ("input_value={'name': 'Ada'}, input_type=dict", "input_value=…, input_type=dict"),
        ("the pass phrase open-sesame was used", "the pass phrase … was used"),
        ("mail to ann@localhost failed", "mail to …@… failed"),
        ("mail to ann@shop@example.org failed", "mail to …@… failed"),
        ("at postgresql://u:p/w@h/db now", "at postgresql://…@h/db now"),
        ("at (postgresql://u:p@w?x@h/db) now", "at (postgresql://…@h/db) now"),
        (r"password='it\'s mine', next", "password=…, next"),
        (r'{"password": "say \"please\" now"}', '{"password": …}'),
        (r"'{\"password\": \"say please\"}'", r"'{\"password\": …"),
        ("password='it''s mine' AND", "password=… AND"),
        ("token=b'two words' next", "token=… next"),
        ("password='never closed\nnext", "password=…\nnext"),
    ],
)
def test_what_others_say_is_redacted(said: str, kept: str) -> None:
    assert Redaction(["open-sesame"])(said) == kept


def test_what_is_harmless_is_kept() -> None:
    for said in (
        'File "/app/orders_api/services/order_creation.py", line 12, in write',
        "request 8f14e45fceea467a9f3c1d2b7a6e5d40 failed unexpectedly",
        "Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)",
        "KeyError: 'total_cents'",
        "FATAL: 57P03 the database system is starting up",
    ):
        assert Redaction()(said) == said


@pytest.mark.parametrize(
    "part",
    [
        *("a", "a-", "a.", "?a", "a@", "@", "x://", "://", "'", '"', "\\", "\\'", " ", "=", "é"),
        *("'D': '", ")=(", "input_value=", "[parameters: ", "bearer ", "tally_", "$argon2", "aB3"),
        *("password", "password='", 'password="', "password: ", "token", "aaaaaaaaaa.", "?a=", "-"),
    ],
)
@pytest.mark.parametrize("before", ["", "x://"])
def test_the_time_grows_as_the_text_does(part: str, before: str) -> None:
    short, long = (before + (part * size)[:size] for size in (2_000, 32_000))
    # In proportion it is 16 times as much; by the square it would be 256 times.
    assert cpu_time(long) < 100 * cpu_time(short)


def cpu_time(text: str) -> float:
    """Return the least of what redacting it took of this thread, a few times over."""
    redact = Redaction()
    taken = []
    for _ in range(3):
        began = thread_time()
        redact(text)
        taken.append(thread_time() - began)
    return min(taken)


def test_a_very_long_text_is_clipped_and_says_so() -> None:
    said = Redaction(["open-sesame"])("abc open-sesame " * 100_000)
    assert said.startswith("abc … abc …")
    assert said.endswith("… (600000 characters, clipped)")
    assert len(said) < 40_000


def test_nothing_is_told_for_having_been_clipped() -> None:
    before = "x " * 16_380
    for begun in (
        EMAIL,
        f"{{'password': '{PASSWORD} {PASSWORD}'}}",
        f"[parameters: ('{PASSWORD}', '{PASSWORD}')]",
        f"Key (name)=({PASSWORD} {PASSWORD}) already exists.",
        f"input_value={{'name': '{PASSWORD} {PASSWORD}'}}, input_type=dict",
    ):
        for cut in range(0, 60, 4):
            said = Redaction()(before[: len(before) - 2 * cut] + begun + " more" * 100)
            assert not any(word in said for word in ("ada", "horse", "battery"))


def test_the_secrets_of_settings_are_known_wherever_they_stand() -> None:
    settings = Settings.model_validate(
        {"jwt_keys": f"new:{SECRET},old:{SECRET}-2", "database_url": "postgresql://a:b@c/d"}
    )
    assert {SECRET, f"{SECRET}-2", "postgresql://a:b@c/d"} <= set(secrets_of(settings))


def test_a_run_that_uses_every_credential_leaves_none_in_the_log(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    environment = {"DATABASE_URL": database_url, "ADMIN_PASSWORD": PASSWORD}
    assert create_admin(["--email", EMAIL], environment) == 0
    settings = {"jwt_keys": f"first:{SECRET}", "log_level": "debug"}
    with api_process(database_url, tmp_path, out=None, **settings) as api:
        sent = use_all(api)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE users RENAME COLUMN role TO other"))
            connection.execute(text("ALTER TABLE items RENAME COLUMN name TO other"))
        # Faults of ours, with whatever their stack traces quote.
        assert log_in(api, PASSWORD).status_code == 500
        assert httpx.post(f"{api.url}/items", json=ITEM).status_code in {401, 500}
        ask(api.port, f"GET /?password={PASSWORD.replace(' ', '+')} HTTP/9\r\n\r\n".encode())
        wait_until(lambda: "bad-request" in api.log.read_text(), "the last line was written")
    log = api.log.read_text()
    assert "POST /auth/token 500" in log
    for secret in [*sent, PASSWORD, EMAIL, "ada.lovelace", SECRET, "hunter2", "example.org"]:
        assert secret not in log
    assert database_url not in log


ITEM = {"name": "hunter2-item", "price": 9.99}


def log_in(api: ApiProcess, password: str) -> httpx.Response:
    form = {"grant_type": "password", "username": EMAIL, "password": password}
    return httpx.post(f"{api.url}/auth/token", data=form)


def use_all(api: ApiProcess) -> list[str]:
    """Use every kind of credential, good and bad; return those that were sent or answered."""
    assert log_in(api, "hunter2-is-wrong").status_code == 400
    tokens = log_in(api, PASSWORD).json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    new_key = {"name": "hunter2-key", "scopes": ["orders:read"]}
    key = httpx.post(f"{api.url}/api-keys", json=new_key, headers=bearer).json()["key"]
    assert httpx.get(f"{api.url}/orders?region=hunter2", headers={"x-api-key": key}).is_success
    for bad in ({"x-api-key": f"{key}x"}, {"authorization": f"Bearer {tokens['access_token']}x"}):
        assert httpx.get(f"{api.url}/orders", headers=bad).status_code == 401
    order = {"customer_id": 1, "total_cents": 1, "metadata": {"note": "hunter2"}}
    assert httpx.post(f"{api.url}/orders", json=order, headers=bearer).is_success
    assert httpx.post(f"{api.url}/orders?hunter2=1", content=b"hunter2").status_code in {415, 422}
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = httpx.post(f"{api.url}/auth/token", data=form).json()
    httpx.post(f"{api.url}/auth/revoke", data={"token": again["refresh_token"]})
    both = [
        answer[kind] for answer in (tokens, again) for kind in ("access_token", "refresh_token")
    ]
    return [key, *both]
