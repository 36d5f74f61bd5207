"""Partitions of the change log, made before their month begins."""

from datetime import date
from typing import Any, Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from load_orders.failures import is_timeout

AHEAD: Final = 3
"""Months: so many nights may fail before changes go into the default partition."""

TIMEOUT_MS: Final = 2_000
"""The longest that changes which go into the default partition wait."""

_MONTHS: Final = f"""
    SELECT (this_month + make_interval(months => ahead))::date
    FROM date_trunc('month', tally_now() AT TIME ZONE 'UTC') AS this_month,
        generate_series(1, {AHEAD}) AS ahead
    ORDER BY ahead
"""
_REASONS: Final = {
    "busy": "the change log is in use; the next run tries again",
    "occupied": "the default partition has changes of this month; they stay there",
    "taken": "another table has its name, or another partition its time",
    "slow": "looking through the default partition takes too long",
}


def make_partitions(engine: Engine, timeout_ms: int = TIMEOUT_MS) -> dict[str, Any]:
    """Make the partitions of the next months that are not there, each in its own transaction.

    One that cannot be made now is skipped: nothing depends on it.

    Args:
        engine: As a role that may execute `make_order_changes_partition`.
        timeout_ms: How long one may take.

    Returns:
        `{"made": [name], "skipped": [{"partition", "reason"}]}`.

    Raises:
        sqlalchemy.exc.DBAPIError: Postgres failed; the partitions before are made.
    """
    with engine.connect() as connection:
        months = list(connection.execute(text(_MONTHS)).scalars())
    outcomes = {
        f"order_changes_{month:%Y_%m}": _make(engine, month, timeout_ms) for month in months
    }
    return {
        "made": [name for name, outcome in outcomes.items() if outcome == "made"],
        "skipped": [
            {"partition": name, "reason": _REASONS[outcome]}
            for name, outcome in outcomes.items()
            if outcome in _REASONS
        ],
    }


def _make(engine: Engine, month: date, timeout_ms: int) -> str:
    try:
        with engine.begin() as connection:
            # The function cannot limit itself: the time of a statement is taken as it begins.
            limit = text("SELECT set_config('statement_timeout', :ms, true)")
            connection.execute(limit, {"ms": str(timeout_ms)})
            make = text("SELECT make_order_changes_partition(:month)")
            return str(connection.execute(make, {"month": month}).scalar_one())
    except DBAPIError as error:
        if is_timeout(error):
            return "slow"
        raise
