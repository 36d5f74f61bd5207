"""Every module and environment: complete, formatted, valid, and true to its own tests."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tally_testing.infra.docs import declared, modules, tables
from tally_testing.infra.terraform import MODULES, ROOT, Terraform, configurations

EXPECTED = {
    *("naming", "project-services", "network", "service-account", "cloud-sql", "secret-manager"),
    *("cloud-run", "cloud-run-job", "bigquery", "storage", "pubsub", "artifact-registry"),
    *("cloud-function", "composer", "scheduler-workflow", "workload-identity", "load-balancer"),
    *("observability", "stack"),
}
FILES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"}
ASSERTIONS = 120

each_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
each_configuration = pytest.mark.parametrize("configuration", configurations(), ids=str)


def test_the_modules_are_those_that_the_graph_shows() -> None:
    assert {module.name for module in modules()} == EXPECTED


@each_module
def test_a_module_has_its_files_and_tests(module: Path) -> None:
    assert {path.name for path in module.iterdir()} >= FILES
    assert list(module.glob("tests/*.tftest.hcl"))


@each_module
def test_whoever_calls_a_module_is_told_what_each_input_and_output_is(module: Path) -> None:
    inputs = declared("variable", (module / "variables.tf").read_text())
    outputs = declared("output", (module / "outputs.tf").read_text())
    assert inputs
    for each in inputs:
        assert each.type, each.name
    for each in [*inputs, *outputs]:
        assert re.match(r"\w.*\.$", each.description), each.name


@each_module
def test_the_readme_of_a_module_has_its_inputs_and_outputs(module: Path) -> None:
    assert tables(module) in (module / "README.md").read_text(), "run: uv run poe infra:docs"


def test_there_are_enough_assertions() -> None:
    asserted = 0
    for file in MODULES.glob("*/tests/*.tftest.hcl"):
        text = file.read_text()
        asserted += len(re.findall(r"^  assert \{$", text, re.MULTILINE))
        asserted += len(re.findall(r"^  expect_failures\b", text, re.MULTILINE))
    assert asserted >= ASSERTIONS


@pytest.mark.infra
def test_all_is_formatted() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive", ROOT / "terraform"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.infra
@each_configuration
def test_it_is_valid(terraform: Terraform, configuration: Path) -> None:
    done = terraform.run(configuration, "validate", "-json")
    found = json.loads(done.stdout)
    assert found["diagnostics"] == []
    assert found["valid"]


@pytest.mark.infra
@each_module
def test_its_own_tests_pass(terraform: Terraform, module: Path) -> None:
    done = terraform.run(Path("modules") / module.name, "test", "-json", "-no-color")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, "\n".join(filter(None, map(_said, lines)))
    (summary,) = (line["test_summary"] for line in lines if line["type"] == "test_summary")
    assert summary["passed"] > 0
    assert summary["failed"] + summary["errored"] + summary["skipped"] == 0


def _said(line: dict[str, Any]) -> str | None:
    """Return what a line of Terraform's says of a failure."""
    if "diagnostic" in line:
        return f"{line['diagnostic']['summary']}: {line['diagnostic'].get('detail', '')}"
    return str(line["@message"]) if line["@level"] == "error" else None
