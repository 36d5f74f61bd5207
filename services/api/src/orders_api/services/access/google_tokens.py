"""ID tokens that Google signs for service accounts."""

from typing import Any, Final

from orders_api.clients.google_certs import GoogleCerts
from orders_api.schemas.caller import Principal
from orders_api.schemas.scopes import ROLES
from orders_api.services.access.tokens import Recognized, not_valid, read_claims
from orders_api.settings import Settings

ALGORITHM: Final = "RS256"

_REQUIRED: Final = ("iss", "aud", "exp", "iat", "sub", "email", "email_verified")


class GoogleTokens:
    """Recognizes the service accounts that the settings name; without an audience, nobody."""

    def __init__(self, settings: Settings) -> None:
        self._audience = settings.google_audience
        self._issuers = settings.google_issuers
        self._roles = {email.lower(): role for email, role in settings.service_accounts.items()}
        self._certs = GoogleCerts(settings.google_certs_url)

    async def recognize(self, token: str, kid: object) -> Recognized:
        """Return the service account that a token stands for; `kid` is what its head says.

        Raises:
            Unauthorized: It is not Google's, not for us, altered, over, or of somebody else.
            Unavailable: Google's keys cannot be had.
        """
        if self._audience is None or not isinstance(kid, str):
            raise not_valid()
        key = await self._certs.key(kid)
        if key is None:
            raise not_valid()
        claims = read_claims(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=self._audience,
            issuer=self._issuers,
            options={"require": list(_REQUIRED), "verify_iat": False},
        )
        until = float(claims["exp"])
        return Recognized(self._service(claims, until), until)

    def _service(self, claims: dict[str, Any], until: float) -> Principal:
        email = str(claims["email"]).lower()
        role = self._roles.get(email)
        if claims["email_verified"] is not True or role is None:
            raise not_valid()
        return Principal(f"service:{email}", ROLES[role], until)
