"""Brings a database's schema up or down; `python -m orders.migrate` is the deployed job."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from orders.engine import database_engine
from orders.grants import MigrationSettings, UnknownUserError, act_as, grant_roles

# Any constant: it names the lock under which migrations run one at a time.
_LOCK = 7_310_579_144_817_321


def upgrade(
    engine: Engine, revision: str = "head", settings: MigrationSettings | None = None
) -> None:
    """Apply the migrations up to `revision` and grant the roles to the users of `settings`.

    All in one transaction, one caller at a time.

    Raises:
        sqlalchemy.exc.DBAPIError: A migration failed; nothing of this call was applied.
        UnknownUserError: A user of `settings` is not there; nothing was applied either.
    """
    _run(engine, command.upgrade, revision, settings or MigrationSettings())


def downgrade(engine: Engine, revision: str) -> None:
    """Undo the migrations after `revision` (`base` for all of them)."""
    _run(engine, command.downgrade, revision, MigrationSettings())


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Upgrade to the revision of the arguments, or to the last; return the exit code."""
    settings = MigrationSettings.from_environment(environment)
    with database_engine(settings) as engine:
        try:
            upgrade(engine, arguments[0] if arguments else "head", settings)
        except UnknownUserError as error:
            print(f"nothing was migrated: {error}", file=sys.stderr)  # noqa: T201  the job's log
            return 1
    return 0


def _run(
    engine: Engine,
    step: Callable[[Config, str], None],
    revision: str,
    settings: MigrationSettings,
) -> None:
    config = Config()
    config.set_main_option("script_location", "orders:migrations")
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if settings.db_migrate_role is not None:
            act_as(connection, settings.db_migrate_role)
        config.attributes["connection"] = connection
        step(config, revision)
        grant_roles(connection, settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
