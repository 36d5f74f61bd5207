"""Access tokens: whom they are taken for, and every token that is not taken."""

import base64
import hashlib
import hmac
import json
import time
from contextlib import suppress
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from orders_api.problems import Unauthorized
from orders_api.schemas.caller import Principal
from orders_api.schemas.scopes import Scope
from orders_api.services.access.parts import Access
from orders_api.services.access.tokens import Tokens
from orders_api.settings import Settings
from tally_testing.access import Desk

NEW, OLD = "n" * 32, "o" * 32
KEYS = f"new:{NEW},old:{OLD}"


def claims(**other: Any) -> dict[str, Any]:
    now = int(time.time())
    said = {
        "iss": "tally",
        "aud": "tally-api",
        "sub": "user:7",
        "jti": "1",
        "iat": now,
        "nbf": now,
        "exp": now + 3_600,
        "scope": "orders:read",
        **other,
    }
    return {name: value for name, value in said.items() if value is not ...}


def signed(secret: str = NEW, kid: Any = "new", alg: str = "HS256", **other: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**other), secret, alg, headers)


def part(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def recognize(lobby: Desk, token: str, **settings: object) -> Principal | None:
    async def asked(access: Access) -> Principal | None:
        return await access.authenticator.identify(f"Bearer {token}", None)

    return lobby.ask(asked, **{"jwt_keys": KEYS, **settings})


def refusal(lobby: Desk, token: str, **settings: object) -> str:
    with pytest.raises(Unauthorized) as refused:
        recognize(lobby, token, **settings)
    assert 'error="invalid_token"' in refused.value.headers["WWW-Authenticate"]
    return refused.value.detail


@pytest.mark.parametrize(("kid", "secret"), [("new", NEW), ("old", OLD)])
def test_a_token_of_either_live_key_is_taken(lobby: Desk, kid: str, secret: str) -> None:
    expected = Principal("user:7", frozenset({Scope.ORDERS_READ}))
    assert recognize(lobby, signed(secret, kid)) == expected


def test_the_first_key_signs_and_says_all_that_a_token_must() -> None:
    tokens = Tokens(Settings.model_validate({"jwt_keys": KEYS, "access_token_s": 60}))
    token = tokens.issue("user:7", [Scope.ORDERS_WRITE, Scope.ORDERS_READ])
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "new", "typ": "JWT"}
    said = jwt.decode(token, NEW, ["HS256"], audience="tally-api", issuer="tally")
    assert said["exp"] - said["iat"] == 60
    assert said["nbf"] <= said["iat"] <= time.time()
    assert (said["sub"], said["scope"]) == ("user:7", "orders:read orders:write")
    assert (
        said["jti"]
        != jwt.decode(tokens.issue("user:7", []), NEW, ["HS256"], audience="tally-api")["jti"]
    )


def test_tokens_of_a_key_that_was_made_up_end_with_the_process() -> None:
    one, other = Tokens(Settings()), Tokens(Settings())
    token = one.issue("user:7", [Scope.ORDERS_READ])
    kid = jwt.get_unverified_header(token)["kid"]
    assert one.recognize(token, kid).principal.name == "user:7"
    with pytest.raises(Unauthorized):
        other.recognize(token, kid)


@given(st.integers(1, 2**63 - 1), st.frozensets(st.sampled_from(Scope)))
def test_whatever_is_issued_is_recognized_as_that(user: int, scopes: frozenset[Scope]) -> None:
    tokens = Tokens(Settings.model_validate({"jwt_keys": KEYS}))
    token = tokens.issue(f"user:{user}", scopes)
    recognized = tokens.recognize(token, "new")
    assert recognized.principal == Principal(f"user:{user}", scopes)
    assert recognized.until > time.time()


@given(st.data())
def test_a_token_that_was_altered_anywhere_is_not_taken(data: st.DataObject) -> None:
    tokens = Tokens(Settings.model_validate({"jwt_keys": KEYS}))
    token = tokens.issue("user:7", [Scope.ORDERS_READ])
    # The last character holds bits that stand for nothing.
    place = data.draw(st.integers(0, len(token) - 2))
    character = data.draw(st.sampled_from("AZaz09-_.!").filter(lambda c: c != token[place]))
    with pytest.raises(Unauthorized):
        tokens.recognize(token[:place] + character + token[place + 1 :], "new")


@pytest.mark.parametrize(
    "token",
    [
        signed("r" * 32, "retired"),
        signed("r" * 32, "new"),
        signed(OLD, "new"),
        signed(kid=None),
        signed(kid=""),
        signed(alg="HS512", secret=NEW * 2),
        signed(iss="somebody-else"),
        signed(iss=...),
        signed(aud="somebody-else"),
        signed(aud=["somebody-else", "nobody"]),
        signed(aud=...),
        signed(sub=...),
        signed(exp=...),
        signed(nbf=...),
        signed(iat=...),
        signed(jti=...),
        signed(scope=...),
        signed(scope="orders:read root"),
        signed(nbf=int(time.time()) + 3_600),
        signed(exp="soon"),
        jwt.encode(claims(), "", "none", {"kid": "new"}),
        f"{part({'alg': 'none'})}.{part(claims())}.",
        f"{part({'alg': 'nOnE', 'kid': 'new'})}.{part(claims())}.",
    ],
)
def test_a_token_that_is_not_ours_or_not_for_us_is_refused_without_a_reason(
    lobby: Desk, token: str
) -> None:
    assert refusal(lobby, token) == "The token is not valid."


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "\x00",
        part("[" * 5_000) + ".e30.AA",
        part('{"alg": ' + "9" * 5_000 + "}") + ".e30.AA",
        part('"\\ud83d"') + ".e30.AA",
        part({"alg": "HS256", "kid": "new", "crit": ["exp"]}) + ".e30.AA",
        part({"alg": ["HS256"], "kid": "new"}) + ".e30.AA",
        part({"alg": "HS256", "kid": ["new"]}) + ".e30.AA",
        part({"alg": "HS256", "kid": 7}) + ".e30.AA",
        part([]) + ".e30.AA",
        "a" * 100_000,
    ],
    ids=range(15),
)
def test_what_is_no_token_is_refused_as_one(lobby: Desk, token: str) -> None:
    assert refusal(lobby, token) == "The token is not valid."


def test_an_expired_token_is_told_so_to_the_second(lobby: Desk) -> None:
    now = int(time.time())
    assert refusal(lobby, signed(exp=now - 1)) == "The token has expired."
    assert refusal(lobby, signed("r" * 32, exp=now - 1)) == "The token is not valid."


def test_a_public_key_is_never_taken_for_a_secret(lobby: Desk) -> None:
    """The classic confusion: RS256 is announced, or HS256 is signed with the public key."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    rs256 = jwt.encode(claims(), private, "RS256", {"kid": "new"})
    assert refusal(lobby, rs256) == "The token is not valid."
    # PyJWT refuses to sign so; an attacker does it by hand.
    content = f"{part({'alg': 'HS256', 'kid': 'new'})}.{part(claims())}"
    mac = hmac.digest(public, content.encode(), hashlib.sha256)
    forged = f"{content}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert refusal(lobby, forged) == "The token is not valid."


@pytest.mark.parametrize("place", ["jku", "jwk", "x5u", "x5c"])
def test_a_key_that_a_token_brings_along_is_not_looked_at(lobby: Desk, place: str) -> None:
    evil = {"kty": "oct", "k": part("e" * 32)}
    token = jwt.encode(claims(), "e" * 32, "HS256", {"kid": "new", place: evil})
    assert refusal(lobby, token) == "The token is not valid."


def test_a_token_is_not_taken_from_memory_when_its_time_is_over(lobby: Desk) -> None:
    until = int(time.time()) + 2
    header = f"Bearer {signed(exp=until)}"

    async def asked(access: Access) -> int:
        taken = 0
        with suppress(Unauthorized):
            while await access.authenticator.identify(header, None):
                taken += 1
        return taken

    assert lobby.ask(asked, jwt_keys=KEYS) > 1
    assert time.time() >= until


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "", "Digest x", "Bearerx y"])
def test_another_scheme_is_told_which_one_is_taken(lobby: Desk, header: str) -> None:
    async def asked(access: Access) -> Principal | None:
        return await access.authenticator.identify(header, None)

    with pytest.raises(Unauthorized):
        lobby.ask(asked)


def test_the_scheme_may_be_written_in_any_case(lobby: Desk) -> None:
    token = signed()

    async def asked(access: Access) -> Principal | None:
        return await access.authenticator.identify(f"bEARER {token}", None)

    assert lobby.ask(asked, jwt_keys=KEYS) is not None


def test_who_sends_nothing_is_nobody(lobby: Desk) -> None:
    async def asked(access: Access) -> Principal | None:
        return await access.authenticator.identify(None, None)

    assert lobby.ask(asked) is None
