from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

PROJECT = "tally-test"


class Server:
    """The endpoint in a process of its own, as users start it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tally_local.bigquery", "--port", "0", "--data-dir", data_dir],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def client(self) -> bigquery.Client:
        return make_client(self.url)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def _nobody() -> AnonymousCredentials:
    build: Any = AnonymousCredentials
    credentials: AnonymousCredentials = build()
    return credentials


def make_client(url: str) -> bigquery.Client:
    before = os.environ.get("BIGQUERY_EMULATOR_HOST")
    os.environ["BIGQUERY_EMULATOR_HOST"] = url
    try:
        return bigquery.Client(project=PROJECT, credentials=_nobody())
    finally:
        if before is None:
            del os.environ["BIGQUERY_EMULATOR_HOST"]
        else:
            os.environ["BIGQUERY_EMULATOR_HOST"] = before


@contextmanager
def serving(data_dir: Path) -> Iterator[Server]:
    server = Server(data_dir)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def serve() -> Callable[[Path], AbstractContextManager[Server]]:
    """Start an endpoint of the test's own on a data directory."""
    return serving


@pytest.fixture(scope="session")
def bigquery_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("bigquery")) as server:
        yield server.url


@pytest.fixture(scope="session")
def client(bigquery_url: str) -> Iterator[bigquery.Client]:
    client = make_client(bigquery_url)
    yield client
    shut: Any = client.close
    shut()


@pytest.fixture
def dataset(client: bigquery.Client) -> Iterator[str]:
    name = f"d_{uuid.uuid4().hex[:12]}"
    client.create_dataset(name)
    yield name
    client.delete_dataset(name, delete_contents=True, not_found_ok=True)


Query = Callable[..., list[dict[str, Any]]]
Load = Callable[..., bigquery.LoadJob]


@pytest.fixture
def run(client: bigquery.Client, dataset: str) -> Query:
    """Run SQL with the test's dataset as default, and return the rows as dicts."""

    def query(sql: str, *parameters: Any, **options: Any) -> list[dict[str, Any]]:
        config = bigquery.QueryJobConfig(
            default_dataset=f"{PROJECT}.{dataset}", query_parameters=parameters, **options
        )
        return [dict(row) for row in client.query(sql, job_config=config).result()]

    return query


@pytest.fixture
def load(client: bigquery.Client, dataset: str) -> Load:
    """Load text, or rows as JSON lines, into a table of the test's dataset."""

    def load_file(
        table: str, data: str | bytes | Sequence[dict[str, Any]], **options: Any
    ) -> bigquery.LoadJob:
        if not isinstance(data, str | bytes):
            data = "\n".join(json.dumps(row) for row in data)
            options.setdefault("source_format", "NEWLINE_DELIMITED_JSON")
        raw = data.encode() if isinstance(data, str) else data
        job = client.load_table_from_file(
            io.BytesIO(raw),
            f"{PROJECT}.{dataset}.{table}",
            size=len(raw),
            job_config=bigquery.LoadJobConfig(**options),
        )
        job.result()
        return job

    return load_file
