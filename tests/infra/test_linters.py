"""What is deployed and is neither Python nor Terraform's own to check."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tally_testing.infra.terraform import ROOT

pytestmark = pytest.mark.infra

TOOLS: Final = ROOT / ".venv-infra" / "bin"
SCHEMAS: Final = {
    "compose.yaml": "vendor.compose-spec",
    "cloudbuild.yaml": "vendor.cloudbuild",
    ".github/workflows/ci.yaml": "vendor.github-workflows",
    ".github/workflows/deploy.yaml": "vendor.github-workflows",
}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines()]


def scripts() -> list[Path]:
    """Return every shell script, whatever it is called."""
    files = [path for path in tracked() if path.is_file() and path.suffix in ("", ".sh")]
    return [
        path
        for path in files
        if path.read_bytes().startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
    ]


def run(tool: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [TOOLS / tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_shellcheck_finds_nothing_in_any_script() -> None:
    found = scripts()
    assert ROOT / ".ci" / "run" in found
    run("shellcheck", "--external-sources", *found)


def test_hadolint_finds_nothing_in_any_dockerfile() -> None:
    found = tracked("*Dockerfile")
    assert ROOT / "services" / "api" / "Dockerfile" in found
    run("hadolint", *found)


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_file_keeps_to_the_schema_of_its_reader(file: str) -> None:
    run("check-jsonschema", "--builtin-schema", SCHEMAS[file], file)


def test_the_development_container_keeps_to_the_specification() -> None:
    schema = "tests/infra/devcontainer.schema.json"
    run("check-jsonschema", "--schemafile", schema, ".devcontainer/devcontainer.json")


def test_checkov_finds_nothing_and_each_skip_has_its_reason() -> None:
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    arguments = ("--directory", "terraform", "--framework", "terraform", "--output", "json")
    report = json.loads(run("checkov", *arguments, "--skip-download"))
    results = report["results"]
    assert results["parsing_errors"] == []
    assert report["summary"]["passed"] > 0
    for skipped in results["skipped_checks"]:
        assert skipped["check_result"]["suppress_comment"].strip(), skipped["resource"]
