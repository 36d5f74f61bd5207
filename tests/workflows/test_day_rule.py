"""The workflow takes the same day as the DAG: one table, both rules."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tally_testing.workflows.execution import Emulator

DAGS = Path(__file__).parents[2] / "dags"
DAILY = DAGS / "workflows" / "daily.yaml"
AT_TWO = datetime(2026, 11, 20, 2, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
REFUSED = "refused"

CASES: list[tuple[Any, datetime, str]] = [
    ({}, AT_TWO, "2026-11-19"),
    ({}, MIDNIGHT, "2026-11-19"),
    ({}, MIDNIGHT.replace(microsecond=1), "2026-11-19"),
    ({}, datetime(2026, 11, 19, 23, 59, 59, 999_000, tzinfo=UTC), "2026-11-18"),
    ({}, datetime.fromisoformat("2026-11-20T01:00:00+02:00"), "2026-11-18"),
    ({}, datetime(2027, 1, 1, 2, tzinfo=UTC), "2026-12-31"),
    ({}, datetime(2028, 3, 1, 2, tzinfo=UTC), "2028-02-29"),
    ({"day": ""}, AT_TWO, "2026-11-19"),
    ({"day": None}, AT_TWO, "2026-11-19"),
    ({"day": "2026-11-19"}, AT_TWO, "2026-11-19"),
    ({"day": "2026-11-19"}, MIDNIGHT, "2026-11-19"),
    ({"day": "2020-02-29"}, AT_TWO, "2020-02-29"),
    ({"day": "2026-11-19"}, datetime(2026, 11, 19, 23, 59, 59, tzinfo=UTC), REFUSED),
    ({"day": "2026-11-20"}, AT_TWO, REFUSED),
    ({"day": "2027-01-01"}, AT_TWO, REFUSED),
    ({"day": "2026-02-29"}, AT_TWO, REFUSED),
    ({"day": "2026-13-01"}, AT_TWO, REFUSED),
    ({"day": "20261119"}, AT_TWO, REFUSED),
    ({"day": "2026-11-19T00:00:00Z"}, AT_TWO, REFUSED),
    ({"day": "yesterday"}, AT_TWO, REFUSED),
    ({"day": 20261119}, AT_TWO, REFUSED),
]


def workflow_day(emulator: Emulator, args: Any, instant: datetime, file: Path = DAILY) -> str:
    execution = emulator.execute(
        file, {"args": args, "now": instant.timestamp()}, subworkflow="chosen_day",
        now=instant, env={},
    )  # fmt: skip
    return str(execution.result) if execution.error is None else REFUSED


def dag_day(params: dict[str, Any], instant: datetime) -> str:
    spec = importlib.util.spec_from_file_location("days", DAGS / "tally_dags" / "days.py")
    assert spec is not None
    assert spec.loader is not None
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    try:
        (day,) = rule.chosen_days(params, instant)
    except ValueError:
        return REFUSED
    return str(day)


@pytest.mark.parametrize(("args", "instant", "day"), CASES)
def test_the_workflow_chooses_the_day(
    emulator: Emulator, args: Any, instant: datetime, day: str
) -> None:
    assert workflow_day(emulator, args, instant) == day


@pytest.mark.parametrize(("params", "instant", "day"), CASES)
def test_the_dag_chooses_the_same(params: dict[str, Any], instant: datetime, day: str) -> None:
    assert dag_day(params, instant) == day


def test_no_arguments_at_all_are_none(emulator: Emulator) -> None:
    assert workflow_day(emulator, None, AT_TWO) == "2026-11-19"


@pytest.mark.parametrize("args", [{"dya": "2026-11-19"}, {"day": "2026-11-19", "mode": "open"}])
def test_an_argument_of_another_name_is_refused(emulator: Emulator, args: Any) -> None:
    assert workflow_day(emulator, args, AT_TWO) == REFUSED


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("time.format(now - 86400)", "time.format(now)"),
        ("time.format(now - 86400)", "time.format(now - 86399)"),
        ("began + 86400 > now", "began + 86400 >= now"),
        ("began + 86400 > now", "began > now"),
    ],
)
def test_a_rule_that_is_off_by_little_fails_the_table(
    emulator: Emulator, tmp_path: Path, right: str, wrong: str
) -> None:
    source = DAILY.read_text(encoding="utf-8")
    assert source.count(right) == 1
    mutant = tmp_path / "mutant.yaml"
    mutant.write_text(source.replace(right, wrong), encoding="utf-8")
    chosen = [workflow_day(emulator, args, instant, mutant) for args, instant, _ in CASES]
    assert chosen != [day for _, _, day in CASES]
