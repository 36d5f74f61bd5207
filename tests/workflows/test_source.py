"""The sources of the workflows hold to the language, as far as that shows before they run."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from tally_testing.workflows.source import environment_variables, faults

FOLDER = Path(__file__).parents[2] / "dags" / "workflows"
FILES = sorted(FOLDER.glob("*.yaml"))
# From https://json.schemastore.org/workflows.json, Apache License 2.0.
SCHEMA = Path(__file__).with_name("workflow-schema.json")
BUILT_IN = "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_source_holds_to_the_schema(file: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    errors = jsonschema_rs.validator_for(schema).iter_errors(yaml.safe_load(file.read_text()))
    assert [f"{list(error.instance_path)}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_source_names_only_what_there_is_and_keeps_within_the_limits(file: Path) -> None:
    assert faults(file) == []


def test_the_readme_lists_every_environment_variable() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    read = set().union(*map(environment_variables, FILES))
    assert sorted(listed) == sorted(read - {BUILT_IN})


FAULTS = {
    "a variable that nobody sets": ("- done: {return: '${dya}'}", "unknown variable dya"),
    "a function that is none": ("- done: {return: '${text.upper(day)}'}", "unknown function"),
    "an unknown step": ("- jump: {switch: [{condition: true, next: over}]}", "is called over"),
    "an unknown subworkflow": ("- ask: {call: lod, args: {}}", "nothing is called lod"),
    "an argument too few": ("- ask: {call: load, args: {}}", "load takes ['day'], not []"),
    "a broken expression": ("- done: {return: '${day +}'}", "invalid syntax"),
    "an expression in a text": ("- done: {return: 'of ${day}'}", "all of a value or none"),
    "a long expression": ("- done: {return: '${day" + " + day" * 80 + "}'}", "483 characters"),
    "two steps of a name": ("- one: {return: 1}\n    - one: {return: 2}", "two steps"),
    "a request without a token": (
        "- ask: {call: http.get, args: {url: 'https://tally.example', timeout: 9}}",
        "without a token",
    ),
    "a token for somebody else": (
        "- ask: {call: http.get, args: {url: a, timeout: 9, auth: {type: OIDC, audience: b}}}",
        "another audience",
    ),
    "a request that lasts too long": (
        "- ask: {call: http.get, args: {url: a, timeout: 3600, auth: {type: OAuth2}}}",
        "a timeout",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_found(kind: str, tmp_path: Path) -> None:
    steps, message = FAULTS[kind]
    file = tmp_path / "workflow.yaml"
    load = "load:\n  params: [day]\n  steps:\n    - done: {return: '${day}'}\n"
    file.write_text(f"main:\n  params: [day]\n  steps:\n    {steps}\n{load}")
    (fault,) = faults(file)
    assert message in fault
