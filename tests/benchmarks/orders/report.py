"""The report: Markdown to read, JSON to keep."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from tests.benchmarks.machine import Machine
from tests.benchmarks.orders.plan import Plan
from tests.benchmarks.orders.results import Cell, Round, RowCheck, cells


@dataclass(frozen=True)
class Report:
    """A whole run."""

    machine: Machine
    postgres: dict[str, str]
    """Its version and the settings of its durability."""
    generator: str
    plan: Plan
    load_average: tuple[float, float]
    """Before the run and after it; the run's own work is in the second."""
    rounds: list[Round]
    row_checks: list[RowCheck]

    @property
    def holds(self) -> bool:
        """Whether every order that was answered is where it belongs."""
        return all(check.holds for check in self.row_checks)


def as_json(report: Report) -> str:
    """Return everything: the medians, and all rounds that they were taken from."""
    medians = [asdict(cell) for cell in cells(report.rounds)]
    return json.dumps(asdict(report) | {"medians": medians}, indent=2)


def as_markdown(report: Report) -> str:
    """Return the report as people read it."""
    lines = [
        *_conditions(report),
        "",
        *_table(
            "connections|contender|orders/s|p50 ms|p99 ms|errors|to common pattern|to no database",
            (_figures(cell) for cell in cells(report.rounds)),
        ),
        "",
        *_table(
            "contender|table|answered 201|rows|at most, unanswered ones too|holds",
            (_rows(check) for check in report.row_checks),
        ),
    ]
    return "\n".join(lines)


def _conditions(report: Report) -> list[str]:
    return [f"- {each}" for each in (_machine(report), _software(report), _load(report))]


def _machine(report: Report) -> str:
    machine, (before, after) = report.machine, report.load_average
    return (
        f"{machine.system}, {machine.cores} cores, {machine.memory_gb} GB; the disk keeps 8 kB in"
        f" {machine.fdatasync_ms} ms; load average {before} before, {after} after"
    )


def _software(report: Report) -> str:
    durability = dict(report.postgres)
    version = durability.pop("server_version")
    parts = {"Python": report.machine.python, **report.machine.packages, "Postgres": version}
    named = ", ".join(f"{name} {value}" for name, value in parts.items())
    return f"{named} with {', '.join(f'{name} {value}' for name, value in durability.items())}"


def _load(report: Report) -> str:
    stages = report.plan.stages
    rounds = (f"{each.rounds} of {each.seconds} s at {each.connections}" for each in stages)
    return f"load from {report.generator}; medians of rounds in turn: {', '.join(rounds)}"


def _table(head: str, rows: Iterable[Sequence[str]]) -> list[str]:
    names = head.split("|")
    ruler = ["---:" if name not in {"contender", "table", "holds"} else "---" for name in names]
    return [f"| {' | '.join(row)} |" for row in (names, ruler, *rows)]


def _figures(cell: Cell) -> list[str]:
    return [
        str(cell.connections),
        cell.contender,
        _number(cell.per_second, "{:,.0f}"),
        _number(cell.p50_ms, "{:,.1f}"),
        _number(cell.p99_ms, "{:,.1f}"),
        _errors(cell),
        _number(cell.to_common_pattern, "{:.1f}x"),
        _number(cell.to_no_database, "{:.0%}"),
    ]


def _rows(check: RowCheck) -> list[str]:
    figures = (check.answered, check.rows, check.answered + check.unanswered)
    holds = "yes" if check.holds else "NO"
    return [check.contender, check.table, *(f"{each:,}" for each in figures), holds]


def _errors(cell: Cell) -> str:
    if not cell.locked_up:
        return f"{cell.errors:,}"
    return f"{cell.errors:,}; locked up in {cell.locked_up} of {cell.rounds} rounds"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
