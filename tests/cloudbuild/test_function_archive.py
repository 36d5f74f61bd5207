"""The functions' archive is whole: it serves with nothing but what it has and requires."""

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tally_local.ports import free_port
from tally_testing.cloudbuild.cloud import ROOT
from tally_testing.waiting import wait_for

pytestmark = pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not on the path")
FOLDERS = {
    "load_orders/": ROOT / "functions" / "load_orders" / "load_orders",
    "load_orders/schemas/": ROOT / "terraform" / "modules" / "bigquery" / "schemas",
    "orders/": ROOT / "services" / "orders" / "src" / "orders",
}


def make(target: Path) -> Path:
    subprocess.run([ROOT / ".cloudbuild" / "function_archive.py", target], check=True)
    return target


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("archive") / "new" / "functions.zip")


def test_made_again_it_is_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    again = make(tmp_path / "functions.zip")
    assert again.read_bytes() == archive.read_bytes()


def test_it_has_the_sources_and_nothing_else(archive: Path) -> None:
    wanted = {"main.py", "requirements.txt"}
    for name, folder in FOLDERS.items():
        files = (path for path in folder.rglob("*") if path.is_file())
        wanted |= {
            name + path.relative_to(folder).as_posix()
            for path in files
            if "__pycache__" not in path.parts
        }
    with zipfile.ZipFile(archive) as unpacked:
        assert set(unpacked.namelist()) == wanted


def test_every_requirement_is_pinned_with_its_hashes(archive: Path) -> None:
    with zipfile.ZipFile(archive) as unpacked:
        lines = unpacked.read("requirements.txt").decode().replace("\\\n", "").splitlines()
    for line in lines:
        assert "==" in line
        assert "--hash=sha256:" in line
    names = {line.partition("==")[0] for line in lines}
    assert {"functions-framework", "google-cloud-bigquery", "pg8000"} <= names
    assert not names & {"orders", "load-orders", "pytest"}


@contextmanager
def serving(python: Path, source: Path, target: str, environment: dict[str, str]) -> Iterator[str]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [str(python), "-m", "functions_framework", "--target", target, "--host", "127.0.0.1"]
    env = {"PATH": os.environ["PATH"], **environment}
    with subprocess.Popen(
        [*command, "--port", str(port)], cwd=source, env=env, start_new_session=True
    ) as process:
        try:
            wait_for(url, patience_s=120)
            yield url
        finally:
            # functions-framework serves from a worker of its own: one kill must end both.
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An empty environment with just the requirements, and the sources beside it."""
    directory = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archive) as sources:
        sources.extractall(directory / "source")
    python = directory / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", directory / "venv"], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    requirements = directory / "source" / "requirements.txt"
    subprocess.run([*install, "--require-hashes", "--requirement", str(requirements)], check=True)
    return python, directory / "source"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("load_orders", {"day": "tomorrow"}),
        ("reconcile_orders", {"days": 0}),
        ("maintain_orders", {"day": "2026-11-19"}),
    ],
)
def test_each_entry_point_answers_from_just_what_the_archive_has(
    unpacked: tuple[Path, Path],
    environment: dict[str, str],
    target: str,
    refused: dict[str, object],
) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    body = {"day": yesterday} if target == "load_orders" else {}
    with serving(*unpacked, target, environment) as url:
        assert httpx.post(url, json=refused, timeout=60).status_code == 400
        answer = httpx.post(url, json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    if target == "load_orders":
        assert answer.json()["day"] == yesterday
        assert answer.json()["receipt"] == "v1:0:0:0"
