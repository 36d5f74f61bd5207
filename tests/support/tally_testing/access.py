"""The parts of access, as a test asks them."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from anyio import run

from orders_api.clients.database import Database
from orders_api.schemas.access import NewUser
from orders_api.schemas.scopes import Role
from orders_api.services.access import users
from orders_api.services.access.parts import Access, open_access
from orders_api.services.access.passwords import Passwords
from orders_api.settings import Settings

PASSWORD = "correct horse battery staple"

Answer = TypeVar("Answer")


class Desk(NamedTuple):
    """Where a test asks for access."""

    database: Database
    settings: Callable[..., Settings]

    def ask(self, question: Callable[[Access], Awaitable[Answer]], **settings: object) -> Answer:
        """Return the answer of the parts of access with these settings; they are closed then."""

        async def asked() -> Answer:
            async with open_access(self.settings(**settings), self.database) as access:
                return await question(access)

        return run(asked)

    def register(self, email: str = "clerk@b.c", role: Role = Role.CLERK) -> int:
        """Create a user with PASSWORD."""
        user = NewUser(email=email, password=PASSWORD, role=role)
        return users.create(self.database, user, run(Passwords().hash, PASSWORD))[0]
