"""ID tokens of service accounts, signed with a real RSA key that a local server publishes."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from orders.problems import Unavailable
from orders_api.clients.google_certs import GoogleCerts
from orders_api.problems import Unauthorized
from orders_api.schemas.caller import Principal
from orders_api.schemas.scopes import ROLES, Role
from orders_api.services.access.parts import Access
from tally_testing.access import Desk

ROBOT = "robot@project.iam.gserviceaccount.com"
KEYS = {kid: rsa.generate_private_key(public_exponent=65537, key_size=2048) for kid in "ab"}


class Google(ThreadingHTTPServer):
    """Publishes the public keys whose names are in `published`; None breaks it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.published: list[str] | None = ["a"]
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/certs"

    def body(self) -> bytes:
        assert self.published is not None
        keys = [
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEYS[kid].public_key())) | {"kid": kid}
            for kid in self.published
        ]
        return json.dumps({"keys": [key | {"alg": "RS256", "use": "sig"} for key in keys]}).encode()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Google)
        self.server.asked += 1
        if self.server.published is None:
            self.send_error(500)
            return
        body = self.server.body()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def google() -> Iterator[Google]:
    with Google() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def token(kid: str | None = "a", key: str = "a", **other: Any) -> str:
    now = int(time.time())
    said = {
        "iss": "https://accounts.google.com",
        "aud": "https://api.example",
        "sub": "1",
        "azp": "1",
        "iat": now,
        "exp": now + 3_600,
        "email": ROBOT,
        "email_verified": True,
        **other,
    }
    kept = {name: value for name, value in said.items() if value is not ...}
    return jwt.encode(kept, KEYS[key], "RS256", {} if kid is None else {"kid": kid})


def ask(lobby: Desk, google: Google, *tokens: str, **other: object) -> list[Principal | None]:
    settings = {
        "google_certs_url": google.url,
        "google_audience": "https://api.example",
        "service_accounts": {ROBOT: "clerk"},
        **other,
    }

    async def asked(access: Access) -> list[Principal | None]:
        return [await access.authenticator.identify(f"Bearer {t}", None) for t in tokens]

    return lobby.ask(asked, **settings)


def test_a_service_account_has_the_scopes_of_its_role(lobby: Desk, google: Google) -> None:
    expected = Principal(f"service:{ROBOT}", ROLES[Role.CLERK])
    assert ask(lobby, google, token(), token(iss="accounts.google.com")) == [expected, expected]
    assert google.asked == 1


@pytest.mark.parametrize(
    "bad",
    [
        token(aud="https://other.example"),
        token(aud=...),
        token(iss="https://evil.example"),
        token(iss=...),
        token(email="other@project.iam.gserviceaccount.com"),
        token(email=...),
        token(email_verified=False),
        token(email_verified="true"),
        token(email_verified=...),
        token(exp=...),
        token(kid="a", key="b"),
        token(kid="b", key="b"),
        token(kid=None),
        jwt.encode({"sub": "1"}, KEYS["a"], "RS512", {"kid": "a"}),
        jwt.encode({"sub": "1"}, KEYS["a"], "PS256", {"kid": "a"}),
    ],
    ids=range(15),
)
def test_any_other_token_of_google_is_refused(lobby: Desk, google: Google, bad: str) -> None:
    with pytest.raises(Unauthorized, match="not valid"):
        ask(lobby, google, bad)


def test_an_expired_one_is_told_so(lobby: Desk, google: Google) -> None:
    with pytest.raises(Unauthorized, match="expired"):
        ask(lobby, google, token(exp=int(time.time()) - 1))


def test_none_is_taken_and_nothing_fetched_without_an_audience(lobby: Desk, google: Google) -> None:
    with pytest.raises(Unauthorized):
        ask(lobby, google, token(), google_audience=None)
    assert google.asked == 0


def test_strangers_cannot_make_us_fetch_again_and_again(lobby: Desk, google: Google) -> None:
    async def asked(access: Access) -> None:
        for number in range(50):
            with pytest.raises(Unauthorized):
                await access.authenticator.identify(f"Bearer {token(kid=f'k{number}')}", None)

    lobby.ask(asked, google_certs_url=google.url, google_audience="https://api.example")
    assert google.asked == 1


@pytest.mark.anyio
async def test_a_new_key_is_found_once_the_cool_down_is_over(google: Google) -> None:
    certs = GoogleCerts(google.url, cool_down_s=0)
    assert await certs.key("a") is not None
    assert await certs.key("b") is None
    google.published = ["a", "b"]
    assert await certs.key("b") is not None


@pytest.mark.anyio
async def test_while_google_is_away_known_keys_are_taken_and_others_are_told_to_come_back(
    google: Google,
) -> None:
    certs = GoogleCerts(google.url, cool_down_s=0)
    assert await certs.key("a") is not None
    google.published = None
    with pytest.raises(Unavailable):
        await certs.key("b")
    assert await certs.key("a") is not None


def test_who_comes_while_the_keys_cannot_be_had_is_told_to_come_back(
    lobby: Desk, google: Google
) -> None:
    google.published = None

    async def asked(access: Access) -> None:
        for _ in range(20):
            with pytest.raises(Unavailable) as refused:
                await access.authenticator.identify(f"Bearer {token()}", None)
            assert int(refused.value.headers["Retry-After"]) > 0

    lobby.ask(asked, google_certs_url=google.url, google_audience="https://api.example")
    assert google.asked == 1


@pytest.mark.anyio
async def test_a_server_that_never_answers_is_not_waited_for_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        certs = GoogleCerts(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(Unavailable):
            await certs.key("a")


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"keys": 7}', b'{"keys": []}', b"\xff"])
async def test_an_answer_that_makes_no_sense_is_an_outage(
    google: Google, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(google, "body", lambda: body)
    with pytest.raises(Unavailable):
        await GoogleCerts(google.url).key("a")
