"""The databases of a benchmark: fresh ones on one server, dropped at its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from orders.engine import pg8000_url

_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
_CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
    AND pid <> pg_backend_pid()"""


@contextmanager
def fresh_database(server_url: str, name: str) -> Iterator[str]:
    """Yield the URL of an empty database, which is dropped in the end."""
    with _connected(server_url) as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        url = make_url(server_url).set(database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        with _connected(server_url) as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def row_count(url: str, table: str) -> int:
    """Count a table's rows."""
    with _connected(url) as connection:
        return int(connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one())


def connection_count(url: str) -> int:
    """Count the connections to a database, but for the one that counts."""
    with _connected(url) as connection:
        return int(connection.exec_driver_sql(_CONNECTIONS).scalar_one())


def server_settings(url: str) -> dict[str, str]:
    """Return the server's version and what it does so that a commit survives a power cut."""
    with _connected(url) as connection:
        names = ("server_version", *_DURABILITY)
        return {name: str(connection.scalar(text(f"SHOW {name}"))) for name in names}


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(pg8000_url(url), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
