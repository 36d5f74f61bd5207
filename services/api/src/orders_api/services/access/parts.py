"""The parts of access, wired together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from orders_api.clients.database import Database
from orders_api.services.access.authentication import Authenticator
from orders_api.services.access.google_tokens import GoogleTokens
from orders_api.services.access.key_uses import key_uses
from orders_api.services.access.logins import Logins
from orders_api.services.access.passwords import Passwords
from orders_api.services.access.throttle import Limiter
from orders_api.services.access.tokens import Tokens
from orders_api.settings import Settings


class Access(NamedTuple):
    """Who may call, and how often."""

    authenticator: Authenticator
    logins: Logins
    passwords: Passwords
    limiter: Limiter


@asynccontextmanager
async def open_access(settings: Settings, database: Database) -> AsyncIterator[Access]:
    """Yield the parts of access; what they have not written yet is written when the block ends."""
    tokens, passwords = Tokens(settings), Passwords()
    limiter = Limiter(settings.rate_limit_storage.get_secret_value())
    async with AsyncExitStack() as resources:
        resources.push_async_callback(limiter.close)
        uses = await resources.enter_async_context(key_uses(database))
        yield Access(
            Authenticator(settings, database, tokens, GoogleTokens(settings), uses),
            Logins(settings, database, tokens, passwords, limiter),
            passwords,
            limiter,
        )
