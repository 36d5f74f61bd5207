"""`python -m orders.migrate` as the deployed job runs it: who may do what afterwards."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, make_url, text

from orders.grants import MigrationSettings, UnknownUserError
from orders.migrate import downgrade, main, upgrade
from orders.settings import DatabaseSettings

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"
MEMBERS = text(
    "SELECT pg_get_userbyid(member) FROM pg_auth_members WHERE roleid = CAST(:role AS regrole)"
)


@pytest.fixture
def user(engine: Engine) -> Iterator[str]:
    """A login user whose name needs every kind of quoting."""
    name = f"api-{uuid4().hex[:8]}@a project%s.iam \"':x; --"
    quoted = engine.dialect.identifier_preparer.quote_identifier(name)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {quoted} LOGIN")
    yield name
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {quoted}")
        connection.exec_driver_sql(f"DROP ROLE {quoted}")


def members(connection: Connection, role: str) -> set[str]:
    return set(connection.scalars(MEMBERS, {"role": role}))


@pytest.mark.parametrize("times", [1, 2])
def test_the_users_that_the_environment_names_are_granted_their_roles(
    database_url: str, engine: Engine, user: str, times: int
) -> None:
    environment = {"DATABASE_URL": database_url, "DB_API_USER": user, "DB_LOADER_USER": user}
    for _ in range(times):
        assert main([], environment) == 0
    with engine.connect() as connection:
        assert user in members(connection, "tally_api")
        assert user in members(connection, "tally_loader")


def test_a_user_that_is_not_named_is_granted_nothing(
    database_url: str, engine: Engine, user: str
) -> None:
    assert main([], {"DATABASE_URL": database_url, "DB_LOADER_USER": user}) == 0
    with engine.connect() as connection:
        assert user not in members(connection, "tally_api")


def test_a_user_that_is_not_there_is_named_and_nothing_is_migrated(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orders.migrate"],
        env={**os.environ, "DATABASE_URL": database_url, "DB_API_USER": "nobody@nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "nothing was migrated: DB_API_USER is 'nobody@nowhere',"
        " and Postgres has no such user: create it first\n"
    )


def test_migrations_are_undone_when_a_user_is_not_there(engine: Engine) -> None:
    downgrade(engine, "0004")
    settings = MigrationSettings(db_loader_user="nobody@nowhere")
    with pytest.raises(UnknownUserError):
        upgrade(engine, settings=settings)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0004"


def test_a_member_migrates_as_the_role_whose_rights_it_does_not_inherit(
    database_url: str, engine: Engine, user: str
) -> None:
    """As on Cloud SQL: CREATEROLE is `cloudsqlsuperuser`'s, the IAM user is its member."""
    downgrade(engine, "base")
    group, member = f"group_{uuid4().hex}", f"member_{uuid4().hex}"
    with engine.begin() as connection:
        database = connection.scalar(text("SELECT current_database()"))
        connection.exec_driver_sql(f"CREATE ROLE {group} CREATEROLE")
        connection.exec_driver_sql(f"CREATE ROLE {member} LOGIN IN ROLE {group}")
        connection.exec_driver_sql(f'ALTER DATABASE "{database}" OWNER TO {group}')
        connection.exec_driver_sql(f"ALTER TABLE alembic_version OWNER TO {group}")
        # Roles belong to the server, where another test's database has made these two.
        for role in ("tally_api", "tally_loader"):
            connection.exec_driver_sql(f"GRANT {role} TO {group} WITH ADMIN OPTION")
    url = make_url(database_url).set(username=member).render_as_string(hide_password=False)
    environment = {"DATABASE_URL": url, "DB_MIGRATE_ROLE": group, "DB_API_USER": user}
    assert main([], environment) == 0
    with engine.begin() as connection:
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"
        assert connection.scalar(text(owner)) == group
        assert user in members(connection, "tally_api")
        for role in (member, group):
            connection.exec_driver_sql(f"REASSIGN OWNED BY {role} TO CURRENT_USER")
            connection.exec_driver_sql(f"DROP OWNED BY {role} CASCADE")
            connection.exec_driver_sql(f"DROP ROLE {role}")


def test_the_page_of_operations_names_every_key_of_the_migrations() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| key of the migrations |")[2]
    rows = re.findall(r"^\| `([A-Z_]+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    own = MigrationSettings.model_fields.keys() - DatabaseSettings.model_fields.keys()
    assert set(rows) == {name.upper() for name in own}
