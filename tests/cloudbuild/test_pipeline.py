"""cloudbuild.yaml and the scripts fit together."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tally_testing.cloudbuild.cloud import ROOT

SCRIPTS = ROOT / ".cloudbuild"
TEXT = (ROOT / "cloudbuild.yaml").read_text(encoding="utf-8")
BUILD: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = BUILD["steps"]
USED = set(
    re.findall(r"\$\{?(_[A-Z0-9_]+)", "\n".join(re.findall(r"^(?!#).*", TEXT, re.MULTILINE)))
)
REQUIRED = set(re.findall(r"^#   (_[A-Z_]+) ", TEXT, re.MULTILINE))
GCLOUD = shutil.which("gcloud")
# Set by the script that calls the other, or by Cloud Build for a person.
INNER = {"STABLE", "CANDIDATE", "IMAGE"}


def given(step: dict[str, Any]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in step.get("env", []))


def wanted(script: Path) -> set[str]:
    """What a script refuses to run without, and what those that it calls do."""
    text = script.read_text(encoding="utf-8")
    keys = set(re.findall(r"\$\{([A-Z_0-9]+):?\?", text))
    for name in re.findall(r"^step (\S+)", text, re.MULTILINE):
        keys |= wanted(SCRIPTS / name)
    if script.name == "watch_candidate.py":
        lists = re.findall(r"_(?:NEEDED|LIMITS): Final = \((.*?)\)\n", text, re.DOTALL)
        keys |= set(re.findall(r'"([A-Z_0-9]+)"', "".join(lists)))
    return keys


def test_the_steps_come_in_this_order() -> None:
    assert [step["id"] for step in STEPS] == [
        *("test", "archive-functions", "build-image", "migrate", "release"),
        *("deploy-functions", "sync-dags"),
    ]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["id"])
def test_a_step_is_a_script_that_is_there_and_gets_all_that_it_wants(step: dict[str, Any]) -> None:
    script = ROOT / step["script"]
    assert script.parent == SCRIPTS
    assert script.name == f"{step['id']}.sh"
    assert os.access(script, os.X_OK)
    assert wanted(script) - INNER <= set(given(step))


def test_every_script_is_a_step_or_called_by_one() -> None:
    scripts = {path.name for path in SCRIPTS.iterdir() if path.suffix in {".sh", ".py"}}
    steps = {Path(step["script"]).name for step in STEPS}
    called = set()
    for path in SCRIPTS.glob("*.sh"):
        called |= {name for name in scripts - {path.name} if name in path.read_text()}
    assert scripts == steps | called


def test_every_script_is_explained() -> None:
    page = (SCRIPTS / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([\w-]+\.(?:sh|py))\)", page))
    assert linked == {path.name for path in SCRIPTS.iterdir() if path.suffix in {".sh", ".py"}}


def test_every_substitution_that_is_used_has_a_default_or_is_said_to_be_required() -> None:
    defaults = set(BUILD["substitutions"])
    assert defaults.isdisjoint(REQUIRED)
    assert defaults | REQUIRED == USED


def test_the_image_is_listed_and_where_it_comes_from_is_signed() -> None:
    assert BUILD["images"] == ["${_IMAGE}:${_TAG}"]
    assert BUILD["options"]["requestedVerifyOption"] == "VERIFIED"
    assert BUILD["options"]["logging"] == "CLOUD_LOGGING_ONLY"


def test_only_an_image_with_bash_runs_a_script_for_bash() -> None:
    for step in STEPS:
        shell = (ROOT / step["script"]).read_text().splitlines()[0]
        assert shell == ("#!/bin/sh" if "docker" in step["name"] else "#!/usr/bin/env bash")


@pytest.mark.skipif(GCLOUD is None, reason="there is no gcloud")
def test_the_login_that_a_workflow_leaves_in_the_checkout_is_not_uploaded(tmp_path: Path) -> None:
    for name in (".gcloudignore", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "gha-creds-0123456789abcdef.json").touch()
    (tmp_path / "uv.lock").touch()
    listed = subprocess.run(
        [str(GCLOUD), "meta", "list-files-for-upload", str(tmp_path)],
        env=os.environ | {"CLOUDSDK_CONFIG": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "uv.lock" in listed
    assert not [name for name in listed if name.startswith("gha-creds")]


@pytest.mark.skipif(GCLOUD is None, reason="there is no gcloud")
def test_what_is_uploaded_is_the_repository_and_no_environment(tmp_path: Path) -> None:
    listed = subprocess.run(
        [str(GCLOUD), "meta", "list-files-for-upload", str(ROOT)],
        env=os.environ | {"CLOUDSDK_CONFIG": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    top = {name.partition("/")[0] for name in listed}
    assert {".cloudbuild", "services", "functions", "dags", "uv.lock", "cloudbuild.yaml"} <= top
    assert not top & {".git", ".tally", ".mypy_cache"}
    assert not {name for name in top if name.startswith(".venv")}
