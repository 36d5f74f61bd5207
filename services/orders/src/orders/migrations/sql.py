"""How a migration runs its SQL."""

from alembic import op


def run(script: str) -> None:
    """Run one or more SQL statements as written: no parameters, no placeholders."""
    op.get_bind().exec_driver_sql(script)
