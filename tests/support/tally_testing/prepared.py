"""Prepared transactions, which outlive whoever made them and hold up the whole server."""

from sqlalchemy import text

from tally_testing.scratch import outside_transactions

LEFT = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"


def roll_back_prepared(url: str) -> None:
    """Roll back those that are left in a database."""
    with outside_transactions(url) as connection:
        for gid in connection.execute(text(LEFT)).scalars().all():
            connection.exec_driver_sql(f"ROLLBACK PREPARED '{gid}'")
