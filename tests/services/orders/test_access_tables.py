"""What the tables of users, refresh tokens and API keys refuse, and who may touch them."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

USER = "INSERT INTO users (email, password_hash, role) VALUES (:email, 'x', :role)"


def test_two_users_never_have_one_email(connection: Connection) -> None:
    connection.execute(text(USER), {"email": "a@b.c", "role": "clerk"})
    with pytest.raises(DBAPIError, match="users_by_email"), connection.begin_nested():
        connection.execute(text(USER), {"email": "a@b.c", "role": "admin"})


@pytest.mark.parametrize(
    ("email", "role", "constraint"),
    [
        ("A@b.c", "clerk", "users_email_lower_case"),
        ("a", "clerk", "users_email_length"),
        ("a@b.c", "root", "users_role_known"),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    connection: Connection, email: str, role: str, constraint: str
) -> None:
    with pytest.raises(DBAPIError, match=constraint), connection.begin_nested():
        connection.execute(text(USER), {"email": email, "role": role})


@pytest.mark.parametrize(
    ("role", "table", "rights"),
    [
        ("tally_api", "users", {"SELECT", "INSERT", "UPDATE"}),
        ("tally_api", "refresh_tokens", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
        ("tally_api", "api_keys", {"SELECT", "INSERT", "UPDATE"}),
        ("tally_loader", "users", set()),
        ("tally_loader", "refresh_tokens", set()),
        ("tally_loader", "idempotency_keys", set()),
        ("tally_loader", "api_keys", set()),
    ],
)
def test_each_role_has_the_rights_it_needs_and_no_more(
    connection: Connection, role: str, table: str, rights: set[str]
) -> None:
    query = text("SELECT has_table_privilege(:role, :table, :right)")
    known = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    asked = [{"role": role, "table": table, "right": right} for right in known]
    assert {a["right"] for a in asked if connection.scalar(query, a)} == rights


@pytest.mark.parametrize("table", ["idempotency_keys", "refresh_tokens"])
def test_the_nightly_housekeeping_purges_what_has_expired_and_reads_nothing(
    connection: Connection, table: str
) -> None:
    connection.execute(text("SET LOCAL ROLE tally_loader"))
    assert connection.scalar(text(f"SELECT delete_expired_{table}(1)")) == 0
    for statement in (f"SELECT expires_at FROM {table}", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="permission denied"), connection.begin_nested():
            connection.execute(text(statement))
    connection.execute(text("SET LOCAL ROLE tally_api"))
    with pytest.raises(DBAPIError, match="permission denied"), connection.begin_nested():
        connection.execute(text(f"SELECT delete_expired_{table}(1)"))
