"""Logging in with a password, and staying logged in (RFC 6749, 4.3 and 6)."""

import hashlib
from typing import NamedTuple

from anyio.to_thread import run_sync

from orders.problems import BadRequest, Unavailable
from orders_api.clients.database import Database
from orders_api.problems import TooManyRequests
from orders_api.schemas.scopes import ROLES, Scope
from orders_api.services.access import grants, refresh_tokens, users
from orders_api.services.access.passwords import Passwords
from orders_api.services.access.throttle import Decision, Limiter, network
from orders_api.services.access.tokens import Tokens
from orders_api.services.access.users import Account
from orders_api.settings import Settings


class Login(NamedTuple):
    """What a login, or its refresh, gives."""

    access_token: str
    expires_in_s: int
    refresh_token: str
    scopes: frozenset[Scope]


class _Limit(NamedTuple):
    """A limit on failed logins, and whose they are."""

    name: str
    rate: str
    who: tuple[str, ...]


class Logins:
    """Gives tokens for passwords and refresh tokens.

    Args:
        settings: How long refresh tokens are good, and how many logins may fail.
        database: Where users and their refresh tokens are.
        tokens: Signs the access tokens.
        passwords: Verifies passwords.
        limiter: Counts the failures.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        tokens: Tokens,
        passwords: Passwords,
        limiter: Limiter,
    ) -> None:
        self._settings = settings
        self._database = database
        self._tokens = tokens
        self._passwords = passwords
        self._limiter = limiter

    async def log_in(
        self, username: str, password: str, wanted: frozenset[Scope] | None, address: str
    ) -> Login:
        """Return tokens for the scopes that are wanted, or for all of the user's role.

        Args:
            username: The user's e-mail address, in any case.
            password: The user's password.
            wanted: If None, whatever the role has.
            address: Where the caller is.

        Raises:
            BadRequest: Refused. Nobody learns whether it is the name or the password.
            TooManyRequests: Too many logins have failed.
            Unavailable: The database is away, or too many log in.
        """
        name = username.strip().lower()
        # Counted before it is known, or many at once would all pass.
        counted = await self._count_attempt(name, address)
        try:
            account, rehashed = await self._verified(name, password)
        except Unavailable:
            await self._take_back(counted)
            raise
        await self._take_back(counted)
        scopes = grants.narrowed(ROLES[account.role], wanted)
        token = await run_sync(self._start, account, rehashed, scopes)
        return self._login(account.id, scopes, token)

    async def refresh(self, token: str, wanted: frozenset[Scope] | None) -> Login:
        """Return new tokens for a refresh token, which is used up.

        Raises:
            BadRequest: It is not good, or not for the scopes that are wanted.
            Unavailable: The database is away or busy.
        """
        lifetime_s = self._settings.refresh_token_s
        rotated = await run_sync(refresh_tokens.rotate, self._database, token, wanted, lifetime_s)
        if rotated is None:
            raise grants.refused("The refresh token is not valid.")
        return self._login(rotated.user_id, rotated.scopes, rotated.token)

    async def revoke(self, token: str) -> None:
        """End the login that a refresh token belongs to, if there is one."""
        await run_sync(refresh_tokens.revoke, self._database, token)

    async def _verified(self, name: str, password: str) -> tuple[Account, str | None]:
        """Return whose password it is, and its new hash if it needs one."""
        account = await run_sync(users.find, self._database, name)
        verdict = await self._passwords.verify(password, account and account.password_hash)
        if account is None or not verdict.right or account.disabled:
            raise _refused()
        return account, verdict.rehashed

    def _start(self, account: Account, rehashed: str | None, scopes: frozenset[Scope]) -> str:
        lifetime_s = self._settings.refresh_token_s
        with self._database.transaction() as connection:
            if not users.still_good(connection, account, rehashed):
                raise _refused()
            return refresh_tokens.start(connection, account.id, scopes, lifetime_s)

    def _login(self, user_id: int, scopes: frozenset[Scope], refresh_token: str) -> Login:
        access = self._tokens.issue(f"user:{user_id}", scopes)
        return Login(access, self._tokens.lifetime_s, refresh_token, scopes)

    async def _count_attempt(self, name: str, address: str) -> list[Decision]:
        who, where = hashlib.sha256(name.encode()).hexdigest(), network(address)
        limits = [
            _Limit("login", self._settings.login_limit, (where, who)),
            _Limit("login-address", self._settings.login_address_limit, (where,)),
            _Limit("login-name", self._settings.login_name_limit, (who,)),
        ]
        decisions = []
        for limit in limits:
            decision = await self._limiter.hit(limit.name, limit.rate, *limit.who)
            if not decision.allowed:
                detail = "Too many logins have failed; wait before the next."
                raise TooManyRequests(detail, retry_after_s=decision.reset_s)
            decisions.append(decision)
        return decisions

    async def _take_back(self, counted: list[Decision]) -> None:
        for decision in counted:
            await self._limiter.take_back(decision)


def _refused() -> BadRequest:
    return grants.refused("The name or the password is wrong.")
