"""The benchmark itself, in a run too short to measure anything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.benchmarks.orders.command import compare
from tests.benchmarks.orders.contenders import CONTENDERS
from tests.benchmarks.orders.load.generator import python_client
from tests.benchmarks.orders.plan import Plan, Stage
from tests.benchmarks.orders.report import as_json, as_markdown

from tally_local.state import project_root

SHORT = Plan((Stage(connections=1, rounds=1, seconds=0.2),), warm_up_s=0.1)


@pytest.mark.slow
def test_every_contender_creates_orders_and_keeps_what_it_has_answered(tmp_path: Path) -> None:
    report = compare(SHORT, os.environ["TEST_DATABASE_URL"], tmp_path, python_client())

    names = [each.name for each in CONTENDERS]
    assert [each.contender for each in report.rounds] == names
    assert all(each.sample.created > 0 for each in report.rounds), report.rounds
    assert not any(each.errors or each.locked_up for each in report.rounds), report.rounds
    assert [(check.contender, check.table) for check in report.row_checks] == [
        (each.name, table) for each in CONTENDERS for table in each.tables
    ]
    assert report.holds, report.row_checks
    assert [cell["contender"] for cell in json.loads(as_json(report))["medians"]] == names
    assert all(f"| 1 | {name} |" in as_markdown(report) for name in names)


def test_the_part_is_named_on_the_command_line() -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "orders", "--help"]
    done = subprocess.run(command, cwd=project_root(), capture_output=True, text=True, check=True)
    assert "quick" in done.stdout
    assert "output" in done.stdout
