"""Every command of the README is run, in its order, as a reader would.

What takes its own test elsewhere is only looked up here: the whole suite cannot run itself.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tally_local.ports import free_port

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
# Started by a fixture, and run by tests of their own.
UP, DEMO, TESTS = "uv run poe up", "uv run poe demo", "uv run poe test"
# They run for minutes, and CI runs them.
DEPLOYED = ("uv run poe infra", "uv run poe containers")
APART = {
    UP,
    f"pip install uv && {DEMO}",
    f"pip install uv && {TESTS}",
    "\n".join(DEPLOYED),
}
OTHERS = [block for block in BLOCKS if block.strip() not in APART]
TASKS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["poe"]["tasks"]

pytestmark = pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not on the path")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return os.environ | {
        "TALLY_STATE_DIR": str(tmp_path_factory.mktemp("state")),
        "CLOUDSDK_CONFIG": str(tmp_path_factory.mktemp("gcloud")),
        "CLOUDSDK_AUTH_ACCESS_TOKEN": "local",
        "UV_NO_SYNC": "1",
    }


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    """The ports that the README names, and free ones to take in their place."""
    return {"8000": str(free_port()), "9050": str(free_port())}


@pytest.fixture(scope="module")
def stack(environment: dict[str, str], ports: dict[str, str]) -> Iterator[Path]:
    assert UP in README
    options = ["--api-port", ports["8000"], "--bigquery-port", ports["9050"]]
    command = [*UP.split(), *options]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if ports["8000"] in line:
                break
        yield Path(environment["TALLY_STATE_DIR"]) / "endpoints.json"
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def run(block: str, environment: dict[str, str], ports: dict[str, str]) -> str:
    state = environment["TALLY_STATE_DIR"]
    command = block.replace(".tally/", f"{state}/")
    for written, free in ports.items():
        command = command.replace(f"127.0.0.1:{written}", f"127.0.0.1:{free}")
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, f"{block}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def test_the_two_commands_come_first() -> None:
    assert [block.strip() for block in BLOCKS[:2]] == [
        f"pip install uv && {DEMO}",
        f"pip install uv && {TESTS}",
    ]
    assert TASKS["demo"]["cmd"] == "tally demo"
    assert TASKS["test"]["cmd"] == "pytest"


def test_the_commands_that_are_not_run_here_are_run_by_ci() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "\n".join(DEPLOYED) in {block.strip() for block in BLOCKS}
    assert set(DEPLOYED) <= set(ci)


def test_every_task_that_is_named_is_there() -> None:
    texts = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"uv run poe ([\w:-]+)", texts)) <= set(TASKS)
    assert all(task["help"] for task in TASKS.values())


def test_the_files_that_are_named_are_there() -> None:
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([\w./-]+)\)", document.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), target
    for folder in re.findall(r"^\| `([\w/]+/)`", README, re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder


def test_the_demo(environment: dict[str, str]) -> None:
    # The shop is seeded: it sells the same whenever it runs.
    last_line = run(DEMO, environment, {}).splitlines()[-1]
    assert re.fullmatch(r"reconciled: 461 orders, .+, 0 differences", last_line)
    assert f"\n{last_line}\n" in README


def test_all_other_commands_in_their_order(
    stack: Path, environment: dict[str, str], ports: dict[str, str]
) -> None:
    assert set(json.loads(stack.read_text(encoding="utf-8"))) == {
        "api", "function", "reconcile", "maintain", "bigquery", "postgres", "project", "dataset",
    }  # fmt: skip
    output = []
    for block in OTHERS:
        if block.startswith("bq ") and shutil.which("bq") is None:
            continue
        if "poe demo" in block or "poe reset" in block:
            continue
        output.append(run(block, environment, ports))
    everything = "".join(output)
    assert '"customer_id":42' in everything.replace(" ", "")
    assert '"imported":2' in everything.replace(" ", "")
    assert '"amount_cents":1998' in everything
    assert "0 differences" in everything
    assert 'partitions: {"made": ' in everything
    assert '"state":"open"' in everything
    assert '"key":"tally_' in everything.replace(" ", "")
    assert "'region': 'us-west'" in everything


def test_the_demo_on_a_file_and_the_reset(environment: dict[str, str], tmp_path: Path) -> None:
    state = {"TALLY_STATE_DIR": str(tmp_path / "state")}
    for block in (block for block in OTHERS if "poe demo" in block or "poe reset" in block):
        output = run(block, environment | state, {})
        if "poe demo" in block:
            expected = "reconciled: 2 orders, JPY 5000, USD 19.99, 0 differences"
            assert output.splitlines()[-1] == expected
    assert not (tmp_path / "state").exists()
