"""Ten times as many orders take no more memory."""

from pathlib import Path
from typing import Final

import httpx
import pytest
from sqlalchemy import Engine, text

from tally_testing.api_process import ApiProcess, api_process

FEW, MANY = 20_000, 200_000
FORMS: Final = ("ndjson", "csv", "parquet")
FILL = text(
    "INSERT INTO orders (customer_id, total_cents) SELECT n, n FROM generate_series(1, :n) AS n"
)


def fill(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        connection.execute(FILL, {"n": count})


def peak(api: ApiProcess, form: str) -> int:
    """Return the most memory that the process is seen to hold while it exports."""
    most = 0
    with httpx.stream("GET", f"{api.url}/orders:export?format={form}", timeout=120) as answer:
        for _ in answer.iter_raw(2**18):
            most = max(most, api.memory())
    assert most
    return most


@pytest.mark.slow
def test_memory_does_not_grow_with_the_orders(
    database_url: str, tmp_path: Path, engine: Engine
) -> None:
    with api_process(database_url, tmp_path, export_wait_s=60) as api:
        fill(engine, FEW)
        # Twice: at first, modules are loaded and the allocator takes what it keeps.
        few = [max(peak(api, form), peak(api, form)) for form in FORMS][-1]
        fill(engine, MANY - FEW)
        for form in FORMS:
            many = peak(api, form)
            assert many < few + 25 * 2**20, (form, few, many)
