"""The benchmark of files in and out, in a run too short to measure anything."""

import os
from pathlib import Path

import pytest
from tests.benchmarks.exports.command import measure


@pytest.mark.slow
def test_orders_go_in_and_come_out_in_every_format(tmp_path: Path) -> None:
    measured = measure(os.environ["TEST_DATABASE_URL"], tmp_path, 1_000)
    assert [each.what for each in measured] == [
        "import ndjson",
        "export ndjson",
        "export ndjson gzip",
        "export csv",
        "export csv gzip",
        "export parquet",
    ]
    assert all(each.file_mb > 0.01 and each.peak_mb > 50 for each in measured)
