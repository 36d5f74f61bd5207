"""A migrated database that the tests of a module share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.pool import NullPool

from orders.engine import database_connect
from orders.settings import DatabaseSettings


@contextmanager
def scratch_database() -> Iterator[str]:
    """Yield the URL of a database made from the run's template; drop it at the end."""
    server, name = os.environ["TEST_DATABASE_URL"], f"tally_test_{uuid4().hex}"
    template = os.environ["TALLY_TEST_TEMPLATE"]
    with outside_transactions(server) as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with outside_transactions(server) as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def outside_transactions(url: str) -> Iterator[Connection]:
    """Yield a connection for what Postgres runs in no transaction: CREATE DATABASE, VACUUM."""
    with database_connect(DatabaseSettings.model_validate({"database_url": url})) as connect:
        engine = create_engine(
            "postgresql+pg8000://",
            creator=connect,
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
        )
        with engine.connect() as connection:
            yield connection
