"""What devcontainer.json says of its image holds, and every image is made by the same uv."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".devcontainer"
CONFIG: dict[str, Any] = json.loads((FOLDER / "devcontainer.json").read_text())
DOCKERFILE = (FOLDER / CONFIG["build"]["dockerfile"]).read_text()


def test_its_user_is_in_the_image_and_owns_what_volumes_cover() -> None:
    user = CONFIG["remoteUser"]
    assert re.search(rf"useradd .*--uid 1000 {user}\b", DOCKERFILE)
    assert DOCKERFILE.rstrip().endswith("USER 1000")
    (owned,) = re.findall(rf"install --directory --owner {user} --group {user} (.+)", DOCKERFILE)
    targets = {
        dict(pair.split("=") for pair in mount.split(","))["target"] for mount in CONFIG["mounts"]
    }
    assert targets == set(owned.split())


def test_its_environment_is_where_the_editor_looks() -> None:
    (environment,) = re.findall(r"UV_PROJECT_ENVIRONMENT=(\S+)", DOCKERFILE)
    settings = CONFIG["customizations"]["vscode"]["settings"]
    assert settings["python.defaultInterpreterPath"] == f"{environment}/bin/python"


def test_every_image_has_the_same_base_and_the_same_uv() -> None:
    found = [FOLDER / "Dockerfile", *ROOT.glob("services/*/Dockerfile")]
    found += ROOT.glob("functions/*/Dockerfile")
    pins = [re.findall(r"^ARG (\w+=\S+)", path.read_text(), re.MULTILINE) for path in found]
    assert len(found) == 4
    assert pins == [pins[0]] * len(found)
    assert {pin.split("=")[0] for pin in pins[0]} == {"PYTHON_IMAGE", "UV_VERSION"}
