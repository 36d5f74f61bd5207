"""Creates an admin, who can create all others: `python -m orders_api.create_admin --email a@b.c`.

The password is that of `ADMIN_PASSWORD`, else a line of the standard input.
"""

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

from pydantic import ValidationError

from orders.engine import database_engine
from orders.problems import Problem
from orders_api.clients.database import Database
from orders_api.schemas.access import NewUser
from orders_api.schemas.scopes import Role
from orders_api.services.access import users
from orders_api.services.access.passwords import Passwords
from orders_api.settings import Settings, SettingsError

_REFUSED: Final = 2


def main(
    arguments: Sequence[str], environment: Mapping[str, str], source: TextIO = sys.stdin
) -> int:
    """Create an admin and return 0; or say on the standard error why not, and return 2."""
    parser = argparse.ArgumentParser(
        prog="python -m orders_api.create_admin", description="Create an admin."
    )
    parser.add_argument("--email", required=True, help="what the admin logs in with")
    email = parser.parse_args(arguments).email
    try:
        password = environment.get("ADMIN_PASSWORD") or _ask(source)
        user = NewUser(email=email, password=password, role=Role.ADMIN)
        user_id = _create(Settings.from_environment(environment), user)
    except ValidationError as error:
        return _refuse("; ".join(_fault(item["loc"], item["msg"]) for item in error.errors()))
    except SettingsError as error:
        return _refuse("; ".join(str(error).splitlines()))
    except Problem as problem:
        faults = [f"{e['pointer'][1:]}: {e['detail']}" for e in problem.extra.get("errors", ())]
        return _refuse("; ".join(faults) or problem.detail)
    print(f"user {user_id}, {user.email}, is an admin")  # noqa: T201  a command's answer
    return 0


def _ask(source: TextIO) -> str:
    if source.isatty():
        return getpass.getpass("Password of the admin: ")
    return source.readline().rstrip("\r\n")


def _create(settings: Settings, user: NewUser) -> int:
    with database_engine(settings) as engine:
        password_hash = asyncio.run(Passwords().hash(user.password))
        return users.create(Database(engine), user, password_hash)[0]


def _fault(location: Sequence[int | str], message: str) -> str:
    return f"{'.'.join(map(str, location))}: {message.removeprefix('Value error, ')}"


def _refuse(reason: str) -> int:
    print(f"no admin was created: {reason}", file=sys.stderr)  # noqa: T201  a command's answer
    return _REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
