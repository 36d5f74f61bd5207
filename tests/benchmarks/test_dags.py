"""The benchmark of the DAGs' import time, once."""

import pytest
from tests.benchmarks.dags.command import LINES, ROOT, measure


@pytest.mark.parametrize("environment", LINES.values())
def test_every_file_takes_some_time_and_the_first_most(environment: str) -> None:
    python = ROOT / environment / "bin" / "python"
    if not python.exists():
        pytest.skip("this Airflow is not installed: uv run poe test:dags does it")
    first, other = measure(python, 1)
    assert 0 < other < first
