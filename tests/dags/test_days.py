"""The day rule on DagRuns as each line of Airflow makes them, and on copies that are wrong."""

import importlib.util
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import airflow
import pendulum
import pytest
from airflow.models.dagrun import DagRun
from airflow.timetables.base import TimeRestriction

from tally_dags import days

AIRFLOW_3 = airflow.__version__.startswith("3")
TOKYO = timezone(timedelta(hours=9))
LAST = date(2026, 11, 19)
"""The day that ended last on the 20th."""


class Made(NamedTuple):
    """How a run came about, and the day that it is for."""

    kind: str
    at: datetime
    day: date = LAST
    logical_date: datetime | None = None
    """Of a manual run; Airflow 3 may make one without."""


NIGHTLY = [
    Made("scheduled", datetime(2026, 11, 20, 2, tzinfo=UTC)),
    Made("scheduled", datetime(2026, 3, 1, 2, tzinfo=UTC), date(2026, 2, 28)),
    Made("scheduled", datetime(2027, 1, 1, 2, tzinfo=UTC), date(2026, 12, 31)),
]
INSTANTS = [
    datetime(2026, 11, 20, tzinfo=UTC),
    datetime(2026, 11, 20, 1, 59, tzinfo=UTC),
    datetime(2026, 11, 20, 2, tzinfo=UTC),
    datetime(2026, 11, 20, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 11, 21, 8, tzinfo=TOKYO),
]
BY_HAND = [Made("manual", at, logical_date=at) for at in INSTANTS]
ONLY_3 = [
    *(Made("manual", at) for at in INSTANTS),
    Made("manual", INSTANTS[1], logical_date=datetime(2026, 11, 17, 12, tzinfo=UTC)),
]
RUNS = [*NIGHTLY, *BY_HAND, *(ONLY_3 if AIRFLOW_3 else [])]


@pytest.fixture
def timetable(dags: dict[str, Any]) -> Any:
    return dags["postgres_to_bq_orders"].timetable


@pytest.mark.parametrize("made", RUNS, ids=str)
def test_a_run_is_for_the_utc_day_that_ended_last_before_it(timetable: Any, made: Made) -> None:
    assert chosen(days, timetable, made) == [made.day]


AFTER, ENDS = "return _utc(run_after)", "ends = _utc(run.data_interval_end)"
MUTATIONS = [
    ("timedelta(days=1)).date()", "timedelta(days=0)).date()"),
    ("timedelta(days=1)).date()", "timedelta(days=2)).date()"),
    ("else instant.astimezone(UTC)", "else instant"),
    # The dates that people take for the day, which each line of Airflow gives another meaning.
    *(
        [
            (AFTER, "return _utc(run.data_interval_start)"),
            (AFTER, "return _utc(run.data_interval_start) + timedelta(days=1)"),
            (AFTER, "return _utc(run.data_interval_end)"),
            (AFTER, "return _utc(run.logical_date)"),
        ]
        if AIRFLOW_3
        else [
            (ENDS, "ends = _utc(run.data_interval_start)"),
            (ENDS, "ends = _utc(run.logical_date)"),
            ("return max(ends, _utc(run.logical_date)) if", "return ends if"),
        ]
    ),
]


@pytest.mark.parametrize(("right", "wrong"), MUTATIONS)
def test_a_wrong_rule_is_found_out(timetable: Any, tmp_path: Path, right: str, wrong: str) -> None:
    source = Path(days.__file__).read_text(encoding="utf-8")
    assert source.count(right) == 1
    copy = tmp_path / "mutated_days.py"
    copy.write_text(source.replace(right, wrong), encoding="utf-8")
    mutated = imported(copy)
    assert [made for made in RUNS if chosen(mutated, timetable, made) != [made.day]]


def imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chosen(rule: ModuleType, timetable: Any, made: Made) -> list[date] | str:
    """Return the days that a copy of days.py chooses for a run, or how it fails."""
    run = dag_run(timetable, made)
    try:
        return list(rule.chosen_days({}, rule.run_instant(run)))
    except (AttributeError, TypeError) as error:
        return repr(error)


def dag_run(timetable: Any, made: Made) -> DagRun:
    """Return a DagRun with the dates that the DAG's own timetable gives it."""
    at, logical_date, interval = pendulum.instance(made.at), made.logical_date, None
    if made.kind == "scheduled":
        earliest = at if AIRFLOW_3 else at.subtract(days=1)
        info = timetable.next_dagrun_info(
            last_automated_data_interval=None,
            restriction=TimeRestriction(earliest, None, catchup=True),
        )
        assert info.run_after == made.at
        interval, logical_date = info.data_interval, info.logical_date
    elif logical_date:
        interval = timetable.infer_manual_data_interval(run_after=pendulum.instance(logical_date))
    dates = (
        {"run_after": at, "logical_date": logical_date}
        if AIRFLOW_3
        else {"execution_date": logical_date}
    )
    return DagRun("dag", "run", run_type=made.kind, data_interval=interval, **dates)


def test_an_instant_without_a_zone_is_in_utc() -> None:
    assert days.last_day(datetime(2026, 11, 20, 0, 0)) == LAST  # noqa: DTZ001  what is tested


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("params", "first", "count"),
    [
        ({}, LAST, 1),
        ({"day": None, "from_day": None, "to_day": None}, LAST, 1),
        ({"day": "2026-11-19"}, LAST, 1),
        ({"day": "2024-02-29"}, date(2024, 2, 29), 1),
        ({"from_day": "2026-11-19", "to_day": "2026-11-19"}, LAST, 1),
        ({"from_day": "2026-10-20", "to_day": "2026-11-19"}, date(2026, 10, 20), 31),
    ],
)
def test_params_name_a_day_or_a_range_with_both_ends(
    params: dict[str, str | None], first: date, count: int
) -> None:
    expected = [first + timedelta(days=each) for each in range(count)]
    assert days.chosen_days(params, NOON) == expected


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"day": "2026-11-20"}, "2026-11-20 is not over at 2026-11-20T12:00:00"),
        ({"from_day": "2026-11-19", "to_day": "2026-11-20"}, "2026-11-20 is not over"),
        ({"from_day": "2026-11-19", "to_day": "2026-11-18"}, "lies after to_day"),
        ({"from_day": "2026-10-19", "to_day": "2026-11-19"}, "32 days; one run loads 31 at most"),
        ({"day": "2026-11-19", "from_day": "2026-11-18"}, "not both"),
        ({"from_day": "2026-11-18"}, "go together"),
        ({"to_day": "2026-11-18"}, "go together"),
        ({"day": "yesterday"}, "day is 'yesterday', which is no date"),
        ({"day": "2026-02-29"}, "no date"),
        ({"day": 20261119}, "no date"),
        ({"day": "2026-11-19T00:00:00"}, "no date"),
    ],
)
def test_wrong_params_are_told(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        days.chosen_days(params, NOON)
