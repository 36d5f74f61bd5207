"""Who follows terraform/README.md from the top meets no name that is not there."""

import re
import subprocess
from pathlib import Path

import pytest

from tally_testing.infra.docs import declared
from tally_testing.infra.terraform import ENVIRONMENTS, MODULES, ROOT

README = (ROOT / "terraform" / "README.md").read_text()
CODE = {path: path.read_text() for path in sorted((ROOT / "terraform").rglob("*.tf"))}
EVERYTHING = "\n".join(CODE.values())
BLOCKS = [
    re.sub(r"^   ", "", block, flags=re.MULTILINE)
    for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
]
COMMANDS = "\n".join(BLOCKS)
# Who makes the project has them already, and gives them to nobody.
OPERATOR = {"roles/owner", "roles/billing.costsManager"}

each_environment = pytest.mark.parametrize("environment", ["dev", "prod"])


def _names(kind: str, file: Path) -> dict[str, str | None]:
    return {each.name: each.default for each in declared(kind, file.read_text())}


def _handed_to_github() -> list[str]:
    (names,) = re.findall(r"for name in (.*); do", COMMANDS)
    return str(names).split()


def test_the_workflow_of_github_is_handed_what_it_asks_for() -> None:
    workflow = (ROOT / ".github" / "workflows" / "deploy.yaml").read_text()
    asked = set(re.findall(r"vars\.([A-Z_]+)", workflow))
    assert asked == {name.upper() for name in _handed_to_github()}


def test_every_role_is_granted() -> None:
    roles = set(re.findall(r"roles/[\w.]+\w", README))
    assert roles - OPERATOR <= set(re.findall(r"roles/[\w.]+\w", EVERYTHING))


def test_every_api_is_turned_on() -> None:
    apis = set(re.findall(r"(\w+)\.googleapis\.com", README))
    assert apis
    stack = (MODULES / "stack" / "main.tf").read_text()
    assert apis <= set(re.findall(r'"(\w+)"', stack))


@each_environment
def test_every_output_is_there(environment: str) -> None:
    asked = set(re.findall(r"output (?:-raw )?(\w+)[\"`)]", COMMANDS)) - {"raw"}
    asked |= set(_handed_to_github())
    there = _names("output", ENVIRONMENTS / environment / "outputs.tf")
    assert len(asked) > 5
    assert asked <= set(there)
    assert set(there) == set(_names("output", MODULES / "stack" / "outputs.tf"))


@each_environment
def test_the_example_has_every_variable_that_must_be_given(environment: str) -> None:
    folder = ENVIRONMENTS / environment
    example = (folder / "terraform.tfvars.example").read_text()
    given = set(re.findall(r"^(?:# )?(\w+) += ", example, re.MULTILINE))
    variables = _names("variable", folder / "variables.tf")
    assert given <= set(variables)
    must = {name for name, default in variables.items() if default is None}
    assert must <= set(re.findall(r"^(\w+) += ", example, re.MULTILINE))


@each_environment
def test_every_variable_is_used(environment: str) -> None:
    folder = ENVIRONMENTS / environment
    text = "".join(path.read_text() for path in folder.glob("*.tf"))
    unused = [
        name for name in _names("variable", folder / "variables.tf") if f"var.{name}" not in text
    ]
    assert not unused


def test_the_two_environments_make_their_secrets_alike() -> None:
    one, other = ((ENVIRONMENTS / name / "secrets.tf").read_text() for name in ("dev", "prod"))
    assert one == other


def test_the_graph_has_every_module() -> None:
    (graph,) = re.findall(r"```mermaid\n(.*?)```", README, re.DOTALL)
    drawn = set(re.findall(r"[a-z][a-z-]+[a-z]", graph)) - {"flowchart", "environments"}
    assert drawn == {path.name for path in MODULES.iterdir()}


def test_every_link_and_path_leads_somewhere() -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", README))
    assert [link for link in links if not (ROOT / "terraform" / link).exists()] == []
    paths = set(
        re.findall(r"(?<![\w$/.])(\.cloudbuild/[\w.]+|(?:terraform|dags)/[\w/.]+)", COMMANDS)
    )
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    folders = set(re.findall(r"`((?:modules|environments)/[\w-]+)`", README))
    assert [path for path in folders if not (ROOT / "terraform" / path).is_dir()] == []


def test_every_name_in_it_is_one_of_the_code() -> None:
    names = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", README))
    read = EVERYTHING + "".join(path.read_text() for path in (ROOT / "dags").glob("**/*.py"))
    assert [name for name in names if not re.search(rf"\b{name}\b", read)] == []


def test_every_variable_of_the_shell_is_set() -> None:
    used = set(re.findall(r"\$\{?([A-Z_]+)", COMMANDS))
    assert used <= set(re.findall(r"\b([A-Z_]+)=", BLOCKS[0]))


@pytest.mark.parametrize("block", BLOCKS)
def test_the_shell_understands_every_command(block: str) -> None:
    done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_placeholder_stands_in_one_place() -> None:
    assert [path for path, text in CODE.items() if "gcr.io" in text] == [
        MODULES / "stack" / "variables.tf"
    ]
