"""endpoints.json: read only while what it names answers."""

import json
import socket
from pathlib import Path

import pytest

from tally_local.endpoints import Endpoints
from tally_local.errors import UserError
from tally_local.stack.services import Ports, endpoints_at

KEYS = {"api", "function", "reconcile", "maintain", "bigquery", "postgres", "project", "dataset"}


def test_it_has_exactly_the_keys_that_scripts_rely_on(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    endpoints_at(Ports().chosen()).write(path)
    assert json.loads(path.read_text(encoding="utf-8")).keys() == KEYS
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_read_back_while_every_part_listens(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        endpoints = endpoints_at(Ports(*[port] * 6))
        endpoints.write(path)
        assert Endpoints.of_running_stack(path) == endpoints
    with pytest.raises(UserError, match="no stack runs here"):
        Endpoints.of_running_stack(path)


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"api": "http://127.0.0.1:1"}'])
def test_a_missing_or_broken_file_means_that_no_stack_runs(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "endpoints.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="uv run poe up"):
        Endpoints.of_running_stack(path)
