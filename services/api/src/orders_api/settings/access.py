"""Who may call, and how often."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr

from orders_api.schemas.scopes import Role
from orders_api.settings.addresses import CertsUrl, CounterStorage
from orders_api.settings.kinds import Rate, Text, split
from orders_api.strict_json import decode

_MIN_SECRET_BYTES = 32
_MOST_KEYS = 2


class JwtKey(NamedTuple):
    """A secret that signs tokens (HS256); a token names it as `kid`."""

    kid: str
    secret: SecretStr


def _read_keys(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    pairs = (part.strip().partition(":") for part in value.split(",") if part.strip())
    return tuple(JwtKey(kid, SecretStr(secret)) for kid, _, secret in pairs)


def _check_keys(keys: tuple[JwtKey, ...]) -> tuple[JwtKey, ...]:
    if len(keys) > _MOST_KEYS:
        raise ValueError("two keys at most: the one that signs, and the one it replaces")
    if len({key.kid for key in keys}) < len(keys) or not all(key.kid for key in keys):
        raise ValueError("each key needs a name of its own: name:secret,name:secret")
    if any(len(key.secret.get_secret_value().encode()) < _MIN_SECRET_BYTES for key in keys):
        raise ValueError(f"a secret has {_MIN_SECRET_BYTES} bytes at least")
    if len({key.secret for key in keys}) < len(keys):
        raise ValueError("both names have the same secret: the new one must be new")
    return keys


JwtKeys = Annotated[tuple[JwtKey, ...], BeforeValidator(_read_keys), AfterValidator(_check_keys)]


def _read_roles(value: Any) -> dict[str, Role]:
    try:
        roles = decode(value.encode()) if isinstance(value, str) else value
        if all("@" in email for email in roles):
            return {email: Role(role) for email, role in roles.items()}
    except (ValueError, TypeError, AttributeError):
        pass
    roles = ", ".join(Role)
    raise ValueError(f'It must be JSON, {{"<e-mail>": "<role>"}}, of the roles {roles}')


class AccessSettings(BaseModel):
    """Credentials that are taken, and limits on those who come."""

    auth: Literal["required", "loopback"] = "loopback"
    """`loopback`: whoever calls from this machine, without credentials, may do all but `admin`."""
    jwt_keys: JwtKeys = ()
    """`name:secret`, or `new:secret,old:secret`: the first signs, both are taken. Without any, a
    key is made up when the process starts, and tokens end with it."""
    jwt_issuer: Text = "tally"
    jwt_audience: Text = "tally-api"
    access_token_s: int = Field(default=900, ge=1, le=3_600)
    refresh_token_s: int = Field(default=30 * 86_400, ge=1, le=366 * 86_400)
    """How long a refresh token may lie unused."""
    api_key_cache_s: float = Field(default=10.0, ge=0, le=300)
    """How long an instance goes on taking an API key that was revoked at another one."""
    google_audience: Text | None = None
    """The `aud` of Google-signed ID tokens that are taken: this service's URL."""
    google_issuers: Annotated[tuple[Text, ...], BeforeValidator(split), Field(min_length=1)] = (
        "https://accounts.google.com",
        "accounts.google.com",
    )
    google_certs_url: CertsUrl = "https://www.googleapis.com/oauth2/v3/certs"
    service_accounts: Annotated[dict[str, Role], BeforeValidator(_read_roles)] = Field(
        default_factory=dict
    )
    """What each service account may do, as JSON: `{"<e-mail>": "<role>"}`."""
    rate_limit: Rate = "6000/minute"
    """Requests of one caller; of one address, where nobody is known."""
    login_limit: Rate = "5/minute"
    """Failed logins to one name from one address."""
    login_address_limit: Rate = "30/minute"
    """Failed logins from one address."""
    login_name_limit: Rate = "100/hour"
    """Failed logins to one name from anywhere."""
    rate_limit_storage: CounterStorage = SecretStr("memory://")
    """`redis://…` counts for all instances together."""
    proxies: int = Field(default=0, ge=0, le=10)
    """Proxies in front that append to X-Forwarded-For: 1 on Cloud Run, 2 behind a load balancer."""
