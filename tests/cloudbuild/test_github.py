"""The workflow by which the repository submits its own builds."""

import re
from pathlib import Path

from tally_testing.infra.docs import declared
from tally_testing.infra.terraform import MODULES

ROOT = Path(__file__).parents[2]
WORKFLOW = (ROOT / ".github" / "workflows" / "deploy.yaml").read_text()
OUTPUTS = {
    output.name for output in declared("output", (MODULES / "stack" / "outputs.tf").read_text())
}


def test_each_variable_that_it_reads_is_an_output_of_the_environments() -> None:
    read = {name.lower() for name in re.findall(r"vars\.(\w+)", WORKFLOW)}
    assert read
    assert read <= OUTPUTS


def test_it_can_run_only_by_hand_and_on_its_own() -> None:
    # The federation takes runs of main only; a pull request's code never gets there.
    assert re.search(r"^on:\n  workflow_dispatch:\n(?!  \w)", WORKFLOW, re.MULTILINE)
    assert "concurrency: deploy-${{ inputs.environment }}" in WORKFLOW
