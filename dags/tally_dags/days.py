"""Which UTC days a run is for: the only place where this is decided.

Airflow's own dates are of no use for it: `data_interval_start` and `ds` are a day earlier on
Airflow 2 than on 3, and an interval from 02:00 to 02:00 is no day on either.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

MOST_DAYS: Final = 31
"""Of a backfill: it holds the DAG's only run, so the next nightly load waits behind it."""


def run_instant(run: Any) -> datetime:
    """Return the instant for which a DagRun was made, in UTC.

    Airflow 3 calls it `run_after`. Airflow 2 has no name for it: it is the end of the interval
    of a scheduled run, and for a manual one the logical date where that is later, because the
    interval ended at the last 02:00 before it.
    """
    if (run_after := getattr(run, "run_after", None)) is not None:
        return _utc(run_after)
    ends = _utc(run.data_interval_end)
    return max(ends, _utc(run.logical_date)) if run.run_type == "manual" else ends


def last_day(instant: datetime) -> date:
    """Return the UTC day that ended last before an instant."""
    return (_utc(instant) - timedelta(days=1)).date()


def chosen_days(params: Mapping[str, Any], instant: datetime) -> list[date]:
    """Return the days that a run loads, in order.

    Args:
        params: `day`, or `from_day` and `to_day` (both included), as YYYY-MM-DD; none of them
            for the day that ended last.
        instant: Of the run; a day must be over by then.

    Raises:
        ValueError: The params contradict each other, are no dates, name a day that is not over,
            or more than 31 days.
    """
    day, first, last = (_given(params, name) for name in ("day", "from_day", "to_day"))
    if day and (first or last):
        raise ValueError("give either day, or from_day and to_day, not both")
    if (first is None) != (last is None):
        raise ValueError("from_day and to_day go together: give both")
    over = last_day(instant)
    first, last = first or day or over, last or day or over
    if first > last:
        raise ValueError(f"from_day {first} lies after to_day {last}")
    if last > over:
        raise ValueError(f"{last} is not over at {_utc(instant).isoformat()}, the time of the run")
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise ValueError(f"{first} to {last} are {count} days; one run loads {MOST_DAYS} at most")
    return [first + timedelta(days=each) for each in range(count)]


def _given(params: Mapping[str, Any], name: str) -> date | None:
    value = params.get(name)
    if value is None or value == "":
        return None
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise ValueError(f"{name} is {value!r}, which is no date like 2026-11-19") from None


def _utc(instant: datetime) -> datetime:
    """Return an instant in UTC, which one without a zone is already, as in all of Airflow."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
