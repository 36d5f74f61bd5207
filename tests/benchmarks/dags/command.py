"""`poe bench dags`: how long Airflow takes to read each DAG file, which it does all day."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer
from tests.benchmarks.machine import load_average

ROOT: Final = Path(__file__).parents[3]
LINES: Final = {"Airflow 3": ".venv-airflow", "Airflow 2.11": ".venv-airflow2"}
_PARSE: Final = ROOT / "tests/dags/support/tally_dag_testing/parse_alone.py"


def dags(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Once in place of five times.")] = False,
) -> None:
    """Parse the DAGs in a new process, several times; the first file pays for what all import."""
    typer.echo(f"load average {load_average()}\n")
    typer.echo("| | first file, s | slowest other, ms |\n|---|---|---|")
    for line, environment in LINES.items():
        python = ROOT / environment / "bin" / "python"
        if python.exists():
            first, other = measure(python, 1 if quick else 5)
            typer.echo(f"| {line} | {first:.2f} | {other * 1000:.0f} |")
        else:
            typer.echo(f"| {line} | not installed: `uv run poe test:dags` does it | |")


def measure(python: Path, times: int) -> tuple[float, float]:
    """Return the median seconds of the first file, and of the slowest of the others."""
    runs = [_seconds(python) for _ in range(times + 1)][1:]
    return median(run[0] for run in runs), median(max(run[1:]) for run in runs)


def _seconds(python: Path) -> list[float]:
    """Return the seconds of each file, in the order of their names."""
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as home:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        run = subprocess.run(
            [str(python), "-P", str(_PARSE), str(ROOT / "dags")],
            env=kept | {"AIRFLOW_HOME": home},
            capture_output=True,
            text=True,
            check=True,
        )
    found = json.loads(run.stdout.splitlines()[-1])
    return list(found["seconds"].values())
