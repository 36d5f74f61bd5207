"""What each environment's plan makes, without a cloud: its own files, its example's variables."""

import functools
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tally_testing.infra.terraform import Terraform

# Terraform's tests refuse `ephemeral` blocks, and this is the one file that has some.
_SECRETS: Final = """locals {
  secrets = {
    jwt_keys        = "v1:0123456789abcdef0123456789abcdef"
    admin_password  = "0123456789abcdef"
    datadog_api_key = "0123456789abcdef"
  }
}
"""
_TEST: Final = """mock_provider "google" {
  source          = "./mocks"
  override_during = plan
}

run "plan" {
  command = plan
}
"""
_COMMENTED: Final = re.compile(r"^# (?=\w+ += )", re.MULTILINE)


class Resource(NamedTuple):
    """One that would be made, with what is known of it before."""

    address: str
    type: str
    values: Mapping[str, Any]


class Plan(NamedTuple):
    """What an environment would make."""

    resources: tuple[Resource, ...]

    def of(self, kind: str, within: str = "") -> Iterator[Resource]:
        """Yield the resources of a type, all or those of a module."""
        for resource in self.resources:
            if resource.type == kind and f".{within}" in f".{resource.address}":
                yield resource

    def one(self, kind: str, within: str = "") -> Mapping[str, Any]:
        """Return the values of the one resource of a type, of all or of a module."""
        (resource,) = self.of(kind, within)
        return resource.values


@functools.cache
def planned(terraform: Terraform, environment: str) -> Plan:
    """Return the plan of an environment with all that its example of variables shows."""
    folder = _plannable(terraform.tree / "environments" / environment)
    done = terraform.run(folder.relative_to(terraform.tree), "test", "-json", "-verbose")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, [line.get("diagnostic", line["@message"]) for line in lines]
    (plan,) = (line["test_plan"] for line in lines if line["type"] == "test_plan")
    return Plan(
        tuple(
            Resource(each["address"], each["type"], each["change"]["after"])
            for each in sorted(plan["resource_changes"], key=lambda each: str(each["address"]))
        )
    )


def _plannable(source: Path) -> Path:
    """Return a copy of an environment that Terraform's tests take."""
    folder = source.with_name(f"{source.name}-planned")
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.tfvars*", ".terraform*"))
    (folder / "secrets.tf").write_text(_SECRETS)
    example = (source / "terraform.tfvars.example").read_text()
    (folder / "terraform.tfvars").write_text(_COMMENTED.sub("", example))
    (folder / "tests").mkdir()
    (folder / "tests" / "plan.tftest.hcl").write_text(_TEST)
    mocks = source.parents[1] / "modules" / "stack" / "tests" / "mocks" / "google.tfmock.hcl"
    (folder / "mocks").mkdir()
    within = mocks.read_text().replace("target = module.", "target = module.stack.module.")
    (folder / "mocks" / mocks.name).write_text(within)
    return folder
