"""Users: who logs in with a password."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from orders.problems import Conflict, NotFound
from orders_api.clients.database import Database
from orders_api.problems import invalid
from orders_api.schemas.access import NewUser, UserChange
from orders_api.schemas.paging import Paging
from orders_api.schemas.scopes import Role
from orders_api.services import cursors
from orders_api.services.access import refresh_tokens
from orders_api.services.pages import Page, read_page, scope_of
from orders_api.services.rendering import USER, as_json

_CREATE: Final = f"""
    INSERT INTO users (email, password_hash, role) VALUES (:email, :password_hash, :role)
    ON CONFLICT DO NOTHING RETURNING id, {as_json(USER)}::text AS body"""
_ONE: Final = f"SELECT {as_json(USER)}::text AS body FROM users WHERE id = :id"
_BY_EMAIL: Final = """
    SELECT id, password_hash, role, disabled_at IS NOT NULL AS disabled
    FROM users WHERE lower(email) = :email"""
_REHASH: Final = """
    UPDATE users SET password_hash = :new WHERE id = :id AND password_hash = :old"""
# In one order, whoever asks: two admins who demote each other meet here.
_LOCK_ADMINS: Final = """
    SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL
    ORDER BY id FOR NO KEY UPDATE"""
_LOCK: Final = "SELECT email FROM users WHERE id = :id FOR NO KEY UPDATE"
_CHANGE: Final = f"""
    UPDATE users SET role = coalesce(:role, role),
        password_hash = coalesce(:password_hash, password_hash),
        disabled_at = CASE CAST(:disabled AS boolean)
            WHEN true THEN coalesce(disabled_at, tally_now())
            WHEN false THEN NULL ELSE disabled_at END
    WHERE id = :id RETURNING {as_json(USER)}::text"""


class Account(NamedTuple):
    """What a login is checked against."""

    id: int
    password_hash: str
    role: Role
    disabled: bool


def create(database: Database, user: NewUser, password_hash: str) -> tuple[int, str]:
    """Create a user, whose password has this hash, and return its id and JSON.

    Raises:
        Conflict: There is one with this e-mail address.
        Unprocessable: The password is the e-mail address.
    """
    _check_password(user.password, user.email)
    values = {"email": user.email, "password_hash": password_hash, "role": user.role}
    with database.transaction() as connection:
        row = connection.execute(text(_CREATE), values).one_or_none()
    if row is None:
        raise Conflict("There is a user with this e-mail address already.")
    return row.id, row.body


def get(database: Database, user_id: int) -> str:
    """Return a user's JSON.

    Raises:
        NotFound: There is no such user.
    """
    with database.transaction() as connection:
        body = connection.execute(text(_ONE), {"id": user_id}).scalar_one_or_none()
    if body is None:
        raise _missing(user_id)
    return str(body)


def list_users(database: Database, paging: Paging) -> Page:
    """Return the users, newest first.

    Raises:
        Unprocessable: The cursor is none.
    """
    scope = scope_of("users", {})
    after = cursors.decode(paging.cursor, scope, 1)[0] if paging.cursor else None
    query = f"""
        SELECT {as_json(USER)} AS body, ARRAY[id] AS key FROM users
        WHERE CAST(:after AS bigint) IS NULL OR id < CAST(:after AS bigint) ORDER BY id DESC"""
    with database.transaction() as connection:
        return read_page(connection, query, {"after": after}, limit=paging.limit, scope=scope)


def change(database: Database, user_id: int, wanted: UserChange, password_hash: str | None) -> str:
    """Change the fields that were set and return the user's JSON.

    A new password and being disabled end all logins of the user. `password_hash` is that of
    `wanted.password`, if that was set.

    Raises:
        NotFound: There is no such user.
        Conflict: It is the last admin who can log in, and would not be any more.
        Unprocessable: The new password is the e-mail address.
    """
    fields = wanted.model_dump(exclude_unset=True)
    if not fields:
        return get(database, user_id)
    weaker = fields.get("role", Role.ADMIN) != Role.ADMIN or fields.get("disabled", False)
    with database.transaction() as connection:
        refresh_tokens.be_impatient(connection)
        if weaker and connection.scalars(text(_LOCK_ADMINS)).all() == [user_id]:
            raise Conflict("This is the last admin who can log in; make another one first.")
        email = connection.execute(text(_LOCK), {"id": user_id}).scalar_one_or_none()
        if email is None:
            raise _missing(user_id)
        if "password" in fields:
            _check_password(wanted.password, email)
        if "password" in fields or fields.get("disabled"):
            refresh_tokens.revoke_all(connection, user_id)
        values = {
            "id": user_id,
            "role": fields.get("role"),
            "disabled": fields.get("disabled"),
            "password_hash": password_hash,
        }
        return str(connection.execute(text(_CHANGE), values).scalar_one())


def find(database: Database, email: str) -> Account | None:
    """Return the account of an e-mail address in lower case."""
    with database.transaction() as connection:
        row = connection.execute(text(_BY_EMAIL), {"email": email}).one_or_none()
    return None if row is None else Account(row[0], row[1], Role(row[2]), row[3])


def still_good(connection: Connection, account: Account, rehashed: str | None) -> bool:
    """Lock an account whose password was verified, and tell whether it is as it was then."""
    values = {"id": account.id, "old": account.password_hash, "new": rehashed}
    refresh_tokens.be_impatient(connection)
    lock = """
        SELECT id FROM users WHERE id = :id AND password_hash = :old AND disabled_at IS NULL
        FOR NO KEY UPDATE"""
    if connection.execute(text(lock), values).one_or_none() is None:
        return False
    if rehashed is not None:
        connection.execute(text(_REHASH), values)
    return True


def _check_password(password: str, email: str) -> None:
    if password.strip().lower() == email:
        raise invalid("/password", "It should not be the e-mail address")


def _missing(user_id: int) -> NotFound:
    return NotFound(f"There is no user {user_id}.")
