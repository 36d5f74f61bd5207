"""The real bq command against the endpoint."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = "tally-test"
pytestmark = pytest.mark.skipif(shutil.which("bq") is None, reason="bq is not installed")


@pytest.fixture
def bq(bigquery_url: str, tmp_path: Path) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        done = subprocess.run(
            ["bq", "--api", bigquery_url, "--project_id", PROJECT, "--headless",
             "--oauth_access_token", "local", *arguments],
            env={**os.environ, "CLOUDSDK_AUTH_ACCESS_TOKEN": "local", "HOME": str(tmp_path),
                 "CLOUDSDK_CONFIG": str(tmp_path)},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


def test_bq_loads_lists_shows_and_queries(
    bq: Callable[..., str], dataset: str, tmp_path: Path
) -> None:
    file = tmp_path / "items.csv"
    file.write_text("id,name\n1,x\n2,y\n")
    bq("load", "--skip_leading_rows=1", f"{dataset}.t", str(file), "id:INTEGER,name:STRING")
    assert " t " in bq("ls", dataset)
    schema = json.loads(bq("show", "--schema", f"{dataset}.t"))
    assert [field["name"] for field in schema] == ["id", "name"]
    sql = f"SELECT name FROM {dataset}.t WHERE id = @id"
    found = bq("--format=json", "query", "--use_legacy_sql=false", "--parameter=id:INT64:2", sql)
    assert json.loads(found) == [{"name": "y"}]
