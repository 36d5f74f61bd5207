"""Partitions of the change log, made before their month begins."""

import logging
from datetime import date
from typing import Any, Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from load_orders.failures import is_timeout
from orders.problems import Unavailable

_log = logging.getLogger(__name__)

AHEAD: Final = 3
"""Months: so many nights may fail before changes go into the default partition."""

TIMEOUT_MS: Final = 2_000
"""The longest that changes which go into the default partition wait."""
CHECK_MS: Final = 600_000
"""The longest that the default partition is looked through for one month; changes go on."""

_MONTHS: Final = f"""
    SELECT begins::date AS month, begins - interval '7 days' <= utc AS soon
    FROM (SELECT tally_now() AT TIME ZONE 'UTC' AS utc) AS clock,
        generate_series(1, {AHEAD}) AS ahead,
        LATERAL (SELECT date_trunc('month', utc) + make_interval(months => ahead) AS begins) AS of
    ORDER BY begins
"""
_REASONS: Final = {
    "busy": "the change log is in use; the next run tries again",
    "late": "its month is about to begin; its changes go into the default partition",
    "occupied": "the default partition has changes of this month; they stay there",
    "taken": "another table has its name, or another partition its time",
    "slow": "looking through the default partition takes too long",
}


def make_partitions(engine: Engine, check_ms: int = CHECK_MS) -> dict[str, Any]:
    """Make the partitions of the next months that are not there, one after the other.

    One that cannot be made now is skipped, and logged: no change of an order depends on it.

    Args:
        engine: As a role that may execute `make_order_changes_partition` and
            `check_order_changes_default`.
        check_ms: How long the default partition may be looked through for one month.

    Returns:
        `{"made": [name], "skipped": [{"partition", "reason"}]}`.

    Raises:
        orders.problems.Unavailable: One that is skipped begins within seven days. One that the
            default partition has changes of is no such failure: nobody can make it.
        sqlalchemy.exc.DBAPIError: Postgres failed; the partitions before are made.
    """
    with engine.connect() as connection:
        months = connection.execute(text(_MONTHS)).all()
    made: list[str] = []
    skipped: list[dict[str, str]] = []
    missing: list[str] = []
    for month, soon in months:
        name = f"order_changes_{month:%Y_%m}"
        outcome = _make(engine, month, check_ms)
        if outcome == "made":
            made.append(name)
        elif outcome != "there":
            reason = _REASONS[outcome]
            _log.warning("the partition %s is not made: %s", name, reason)
            skipped.append({"partition": name, "reason": reason})
            if soon and outcome != "occupied":
                missing.append(f"{name} is not made: {reason}")
    if missing:
        raise Unavailable("; ".join(missing))
    return {"made": made, "skipped": skipped}


def _make(engine: Engine, month: date, check_ms: int) -> str:
    try:
        outcome = _call(engine, "make_order_changes_partition", month, TIMEOUT_MS)
        if outcome == "unchecked":
            outcome = _call(engine, "check_order_changes_default", month, check_ms)
        if outcome == "checked":
            outcome = _call(engine, "make_order_changes_partition", month, TIMEOUT_MS)
    except DBAPIError as error:
        if is_timeout(error):
            return "slow"
        raise
    return outcome


def _call(engine: Engine, function: str, month: date, timeout_ms: int) -> str:
    with engine.begin() as connection:
        # The function cannot limit itself: the time of a statement is taken as it begins.
        limit = text("SELECT set_config('statement_timeout', :ms, true)")
        connection.execute(limit, {"ms": str(timeout_ms)})
        called = text(f"SELECT {function}(:month)")
        return str(connection.execute(called, {"month": month}).scalar_one())
