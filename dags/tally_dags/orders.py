"""The tasks that load, publish and check one day of orders."""

import logging
from pathlib import Path
from typing import Any

from tally_dags.compat import PokeReturnValue, task
from tally_dags.config import LOAD_URL, required
from tally_dags.function import DayNotClosedError, call
from tally_dags.warehouse import CheckOperator, PublishOperator, scalar

_log = logging.getLogger(__name__)
_CHECKS = Path(__file__).parents[1] / "sql" / "checks"


@task.sensor(mode="reschedule", poke_interval=60, timeout=4 * 3600)
def load_orders(day: str, mode: str) -> PokeReturnValue:
    """Stage the day's changes. While it is not closed the worker is given back for a minute."""
    try:
        load = call(required(LOAD_URL), {"day": day, "mode": mode})
    except DayNotClosedError as error:
        _log.warning("%s", error)
        return PokeReturnValue(is_done=False)
    return PokeReturnValue(is_done=True, xcom_value=load)


def load_and_publish(day: Any, mode: str, **options: Any) -> None:
    """Add the tasks of a day: load_orders, publish_day, then each check of dags/sql/checks.

    Args:
        day: YYYY-MM-DD, as a rule from an earlier task.
        mode: `closed`, or `open` for the day so far.
        options: For every task.
    """
    load = load_orders.override(**options)(day=day, mode=mode)
    publish = PublishOperator(
        task_id="publish_day", sql="sql/publish_day.sql", load=load, **options
    )
    checks = [
        CheckOperator(
            task_id=f"check_{file.stem}",
            sql=f"sql/checks/{file.name}",
            parameters=[scalar("day", "DATE", day)],
            day=day,
            **options,
        )
        for file in sorted(_CHECKS.glob("*.sql"))
    ]
    publish >> checks
