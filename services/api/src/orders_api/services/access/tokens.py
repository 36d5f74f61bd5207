"""Access tokens: JWTs that this service signs (HS256)."""

import secrets
from collections.abc import Collection, Sequence
from time import time
from typing import Any, Final, NamedTuple
from uuid import uuid4

import jwt
from pydantic import SecretStr

from orders_api.problems import Unauthorized
from orders_api.schemas.caller import Principal
from orders_api.schemas.scopes import Scope
from orders_api.settings import Settings
from orders_api.settings.access import JwtKey

ALGORITHM: Final = "HS256"

_REQUIRED: Final = ("iss", "aud", "exp", "nbf", "iat", "sub", "jti", "scope")
# The clocks of two instances differ; no leeway is given at the end of a token's life.
_EARLY_S: Final = 10

UNREADABLE: Final = (jwt.InvalidTokenError, ValueError, RecursionError)
"""What PyJWT raises at a token that is not one; hostile JSON in it may nest deep."""


class Recognized(NamedTuple):
    """Whom a token stands for, and until when, in seconds since the epoch."""

    principal: Principal
    until: float


class Tokens:
    """Signs tokens with the first of the keys, and takes those of any.

    Args:
        settings: Without keys in them, one is made up, and tokens end with the process.
    """

    def __init__(self, settings: Settings) -> None:
        made_up = JwtKey("made-up", SecretStr(secrets.token_hex(32)))
        keys: Sequence[JwtKey] = settings.jwt_keys or (made_up,)
        self._keys = {key.kid: key.secret.get_secret_value() for key in keys}
        self._signer = keys[0].kid
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self.lifetime_s: Final = settings.access_token_s

    def issue(self, subject: str, scopes: Collection[Scope]) -> str:
        """Return a token for this caller."""
        return self.sign(subject, scopes, self.lifetime_s)

    def sign(
        self,
        subject: str,
        scopes: Collection[Scope],
        lifetime_s: int,
        *,
        purpose: str = "",
        **more: object,
    ) -> str:
        """Return a token for this caller, with more claims; `purpose` sets it apart from others."""
        now = int(time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience + purpose,
            "iat": now,
            "nbf": now - _EARLY_S,
            "exp": now + lifetime_s,
            "sub": subject,
            "jti": uuid4().hex,
            "scope": " ".join(sorted(scopes)),
            **more,
        }
        secret = self._keys[self._signer]
        return jwt.encode(claims, secret, ALGORITHM, headers={"kid": self._signer})

    def recognize(self, token: str, kid: object) -> Recognized:
        """Return whom a token stands for; `kid` is what its head says.

        Raises:
            Unauthorized: It is not ours, not for us, altered, or over.
        """
        return recognized(self.claims(token, kid))

    def claims(self, token: str, kid: object, purpose: str = "") -> dict[str, Any]:
        """Return what a token says that was signed for a purpose.

        Raises:
            Unauthorized: As `recognize`; or it was signed for another purpose.
        """
        secret = self._keys.get(kid) if isinstance(kid, str) else None
        if secret is None:
            raise not_valid()
        return read_claims(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=self._audience + purpose,
            issuer=self._issuer,
            options={"require": list(_REQUIRED), "verify_iat": False},
        )


def read_claims(token: str, key: Any, **checks: Any) -> dict[str, Any]:
    """Return a token's claims once PyJWT has verified them with these checks.

    Raises:
        Unauthorized: One of them failed.
    """
    try:
        claims: dict[str, Any] = jwt.decode(token, key, **checks)
    except jwt.ExpiredSignatureError:
        raise Unauthorized("The token has expired.", error="invalid_token") from None
    except UNREADABLE:
        raise not_valid() from None
    return claims


def recognized(claims: dict[str, Any]) -> Recognized:
    """Return whom verified claims of ours stand for.

    Raises:
        Unauthorized: They name scopes that there are not.
    """
    try:
        scopes = frozenset(map(Scope, str(claims["scope"]).split()))
    except ValueError:
        raise not_valid() from None
    until = float(claims["exp"])
    return Recognized(Principal(claims["sub"], scopes, until), until)


def not_valid() -> Unauthorized:
    """Return the problem of a token that is not taken; it does not say why."""
    return Unauthorized("The token is not valid.", error="invalid_token")
