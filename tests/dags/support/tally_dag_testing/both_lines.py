"""`poe test:dags`: the DAGs' tests with Airflow 3, then with 2.11; arguments go to pytest."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[4]


class Line(NamedTuple):
    """A line of Airflow: the dependency group, where it is installed, the Pythons it runs on."""

    group: str
    environment: str
    pythons: str


LINES = (
    Line("airflow", ".venv-airflow", ">=3.11,<3.14"),
    Line("airflow2", ".venv-airflow2", ">=3.11,<3.13"),
)


def main(arguments: list[str]) -> int:
    """Run both; return the highest exit code."""
    return max([_run(line, arguments) for line in LINES])


def command(line: Line, *words: str) -> list[str]:
    """Return a command line that runs in the line's environment, installed where it is not."""
    uv = shutil.which("uv")
    assert uv, "uv is not on the PATH"
    # One that is on this machine, or that uv can fetch: it need not be the one of the other tests.
    python = ("--python", line.pythons)
    return [uv, "run", "--locked", *python, "--only-group", line.group, *words]


def environment(line: Line) -> dict[str, str]:
    """Return the environment variables of such a command."""
    unwanted = {"PYTHONPATH", "VIRTUAL_ENV"}
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    return kept | {"UV_PROJECT_ENVIRONMENT": line.environment, "TALLY_PYTHON": sys.executable}


def _run(line: Line, arguments: list[str]) -> int:
    print(f"\n== {line.group}", flush=True)
    tests = str(_ROOT / "tests" / "dags")
    words = ["python", "-m", "pytest", tests, *arguments]
    run = subprocess.run(command(line, *words), cwd=_ROOT, env=environment(line), check=False)
    return run.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
