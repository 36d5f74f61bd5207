"""Which login users may do what the roles of the migrations may."""

from typing import Final

from pydantic import Field
from sqlalchemy import Connection, text

from orders.settings import DatabaseSettings


class MigrationSettings(DatabaseSettings):
    """Keys are environment variables of the same name, in capitals."""

    db_migrate_role: str | None = Field(default=None, min_length=1)
    """Whom migrations act as, and who owns what they make; if left out, the user who connects.
    On Cloud SQL `cloudsqlsuperuser`: a member does not inherit its right to make roles."""
    db_api_user: str | None = Field(default=None, min_length=1)
    """The login user of the API, who is granted `tally_api`."""
    db_loader_user: str | None = Field(default=None, min_length=1)
    """The login user of the function, who is granted `tally_loader`."""


class UnknownUserError(Exception):
    """A login user that Postgres does not know."""


_KNOWN: Final = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)")
# Postgres quotes the names itself; GRANT takes no parameters.
_GRANT: Final = text("SELECT format('GRANT %I TO %I', CAST(:role AS text), CAST(:member AS text))")
_SET_ROLE: Final = text("SELECT set_config('role', :role, true)")


def act_as(connection: Connection, role: str) -> None:
    """Be `role` until the transaction ends.

    Raises:
        sqlalchemy.exc.DBAPIError: There is no such role, or the user is no member of it.
    """
    connection.execute(_SET_ROLE, {"role": role})


def grant_roles(connection: Connection, settings: MigrationSettings) -> None:
    """Grant the roles to the users that the settings name; again changes nothing.

    Raises:
        UnknownUserError: There is no such user; the message says where it is named.
    """
    for key, role in (("db_api_user", "tally_api"), ("db_loader_user", "tally_loader")):
        member = getattr(settings, key)
        if member is None:
            continue
        if not connection.scalar(_KNOWN, {"name": member}):
            raise UnknownUserError(
                f"{key.upper()} is {member!r}, and Postgres has no such user: create it first"
            )
        statement = connection.scalar(_GRANT, {"role": role, "member": member})
        connection.exec_driver_sql(str(statement))
