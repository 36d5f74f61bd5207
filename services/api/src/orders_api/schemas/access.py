"""Users, API keys and tokens as they are sent and answered."""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from orders_api.schemas.fields import Instant
from orders_api.schemas.item import Name
from orders_api.schemas.naming import Body
from orders_api.schemas.scopes import Role, Scope

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 1_024

# ASCII only, so that everybody agrees on what is lower case.
_EMAIL: Final = "^[!-?A-~]+@[!-?A-~]+$"
_MAX_EMAIL: Final = 254


def _email(value: str) -> str:
    if len(value) > _MAX_EMAIL or not re.fullmatch(_EMAIL, value):
        raise ValueError("Input should be an e-mail address in ASCII")
    return value.lower()


Email = Annotated[
    str,
    AfterValidator(_email),
    Field(json_schema_extra={"pattern": _EMAIL, "maxLength": _MAX_EMAIL}),
]
Password = Annotated[
    str,
    Field(
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        json_schema_extra={"format": "password", "writeOnly": True},
    ),
]
Scopes = Annotated[list[Scope], Field(min_length=1)]

_TIMES: Final = {"created_at": "2026-11-21T09:00:00.000000Z"}
USER_EXAMPLE: Final[dict[str, Any]] = {
    "id": 7,
    "email": "clerk@example.com",
    "role": "clerk",
    **_TIMES,
    "disabled_at": None,
}
KEY_EXAMPLE: Final[dict[str, Any]] = {
    "id": 3,
    "prefix": "mfrggzdfmztwq",
    "name": "web shop",
    "scopes": ["orders:write"],
    "created_by": "user:7",
    **_TIMES,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
}


def _example(**example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class NewUser(Body):
    """A user to be created. The password must not be the e-mail address."""

    model_config = _example(
        email="clerk@example.com",
        password="correct horse battery staple",  # noqa: S106  an example
        role="clerk",
    )

    email: Email
    password: Password
    role: Role


class UserChange(Body):
    """What changes of a user; what is left out stays. A new password ends all logins."""

    model_config = _example(disabled=True)

    # Only the fields that were set are used; a factory keeps the defaults out of the schema.
    role: Role = Field(default_factory=lambda: Role.VIEWER)
    disabled: Annotated[bool, Field(strict=True)] = Field(default_factory=bool)
    password: Password = Field(default_factory=str)


class User(BaseModel):
    """Someone who logs in with a password."""

    model_config = _example(**USER_EXAMPLE)

    id: int
    email: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None


class UserPage(BaseModel):
    """A page of users, newest first."""

    users: list[User]
    next_cursor: str | None = Field(description="Null on the last page.")


class NewApiKey(Body):
    """An API key to be created; without expires_at it is good until it is revoked."""

    model_config = _example(name="web shop", scopes=["orders:write"])

    name: Name
    scopes: Scopes
    expires_at: Instant | None = None


class ApiKey(BaseModel):
    """What may be shown of an API key."""

    model_config = _example(**KEY_EXAMPLE)

    id: int
    prefix: str = Field(description="A part of the key; as a caller it is `key:<prefix>`.")
    name: str
    scopes: list[Scope]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="Up to a minute late.")


class CreatedApiKey(ApiKey):
    """An API key, shown this once."""

    model_config = _example(
        **KEY_EXAMPLE, key="tally_mfrggzdfmztwq_GNKuJvT5W0q4kUn8s3rX2yZ7aBcDeFgHiJkLmNoPqRs"
    )

    key: str = Field(description="Send it as X-API-Key. It cannot be shown again.")


class ApiKeyPage(BaseModel):
    """A page of API keys, newest first."""

    api_keys: list[ApiKey]
    next_cursor: str | None = Field(description="Null on the last page.")


class TokenAnswer(BaseModel):
    """The tokens of a login (RFC 6749, 5.1)."""

    model_config = _example(
        access_token="eyJhbGciOiJIUzI1NiIsImtpZCI6Im1hZGUtdXAifQ.eyJzdWIiOiJ1c2VyOjcifQ.c2ln",  # noqa: S106  an example
        token_type="Bearer",  # noqa: S106  no password
        expires_in=900,
        refresh_token="hT0nB2mZ8cKq4vYw6sXr1eDfGjLpAiUo",  # noqa: S106  an example
        scope="orders:read orders:write",
    )

    access_token: str = Field(description="Send it as Authorization: Bearer.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  no password
    expires_in: int = Field(description="How long access_token is good, in seconds.")
    refresh_token: str = Field(description="Good for one refresh; the next answer has another.")
    scope: str = Field(description="What the token is good for, with spaces between.")


class Me(BaseModel):
    """Who calls, and what they may do."""

    model_config = _example(name="user:7", scopes=["orders:read", "orders:write"])

    name: str
    scopes: list[Scope]
