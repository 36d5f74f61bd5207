"""The command that creates the first admin."""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping

import pytest
from sqlalchemy import Engine, text

from orders.migrate import downgrade

PASSWORD = "correct horse battery staple"
COMMAND = [sys.executable, "-m", "orders_api.create_admin", "--email"]


def create(
    url: str, email: str = "Admin@b.c", stdin: str = PASSWORD + "\n", **environment: str
) -> subprocess.CompletedProcess[str]:
    known: Mapping[str, str] = {**os.environ, "DATABASE_URL": url, **environment}
    return subprocess.run(
        [*COMMAND, email], input=stdin, env=known, capture_output=True, text=True, check=False
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stderr
    return done.stderr


def test_it_creates_an_admin_with_the_password_of_the_standard_input(
    database_url: str, engine: Engine
) -> None:
    done = create(database_url)
    assert (done.returncode, done.stdout) == (0, "user 1, admin@b.c, is an admin\n"), done
    with engine.connect() as connection:
        row = connection.execute(text("SELECT email, role, password_hash FROM users")).one()
    assert (row.email, row.role) == ("admin@b.c", "admin")
    assert row.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_it_takes_the_password_of_the_environment(database_url: str) -> None:
    assert create(database_url, stdin="", ADMIN_PASSWORD=PASSWORD).returncode == 0


def test_it_asks_on_a_terminal_and_shows_nothing_of_the_password(database_url: str) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMAND, "a@b.c"]
    environment = {**os.environ, "DATABASE_URL": database_url}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        while b"Password of the admin" not in shown:
            shown += os.read(ours, 1024)
        os.write(ours, PASSWORD.encode() + b"\n")
        while b"is an admin" not in shown:
            shown += os.read(ours, 1024)
    os.close(ours)
    assert process.returncode == 0
    assert PASSWORD.encode() not in shown


def test_it_refuses_an_email_that_has_a_user(database_url: str) -> None:
    assert create(database_url).returncode == 0
    message = refused(create(database_url, "ADMIN@B.C"))
    assert message == ("no admin was created: There is a user with this e-mail address already.\n")


@pytest.mark.parametrize(
    ("email", "typed", "says"),
    [
        ("a@b.c", "short", "password: String should have at least 12 characters"),
        ("a@b.c", "", "password: String should have at least 12 characters"),
        ("a@b.c", "x" * 1025, "password: String should have at most 1024 characters"),
        ("someone@example.com", "Someone@example.com", "password: It should not be the e-mail"),
        ("nobody", PASSWORD, "email: Input should be an e-mail address"),
    ],
)
def test_it_says_what_is_wrong_with_what_it_was_given(
    database_url: str, email: str, typed: str, says: str
) -> None:
    assert says in refused(create(database_url, email, typed + "\n"))


def test_it_says_that_the_database_is_away_or_not_migrated(
    database_url: str, engine: Engine
) -> None:
    away = "postgresql://tally:tally@127.0.0.1:1/tally"
    assert "The database cannot be reached" in refused(create(away))
    downgrade(engine, "0008")
    assert "not migrated" in refused(create(database_url))


def test_it_names_every_wrong_setting(database_url: str) -> None:
    message = refused(create(database_url, JWT_KEYS="a:short", DB_POOL_SIZE="0"))
    assert "JWT_KEYS" in message
    assert "DB_POOL_SIZE" in message
