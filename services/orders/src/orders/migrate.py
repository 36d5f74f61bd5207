"""Brings a database's schema up or down; `python -m orders.migrate` is the deployed job."""

import os
import sys
from collections.abc import Callable

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from orders.engine import database_engine
from orders.settings import DatabaseSettings

# Any constant: it names the lock under which migrations run one at a time.
_LOCK = 7_310_579_144_817_321


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply the migrations up to `revision`, all in one transaction, one caller at a time.

    Raises:
        sqlalchemy.exc.DBAPIError: A migration failed; nothing of this call was applied.
    """
    _run(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Undo the migrations after `revision` (`base` for all of them)."""
    _run(engine, command.downgrade, revision)


def _run(engine: Engine, step: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "orders:migrations")
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        step(config, revision)


if __name__ == "__main__":
    with database_engine(DatabaseSettings.from_environment(os.environ)) as _engine:
        upgrade(_engine, *sys.argv[1:2])
