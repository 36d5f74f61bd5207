"""The copy that the scripts run in, and the cloud that the stand-in for gcloud keeps."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]
FIRST = "api-00001"
"""The revision that has the traffic at the beginning."""


@dataclass
class Cloud:
    """What there is, as gcloud tells it, and the repository's copy that the scripts run in."""

    repository: Path
    environment: dict[str, str]

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self._file.read_text())
        return state

    def change(self, **entries: object) -> None:
        self._file.write_text(json.dumps(self.state | entries))

    @property
    def traffic(self) -> dict[str, int]:
        """Each revision's share."""
        return {t["revisionName"]: t["percent"] for t in self.state["traffic"] if "percent" in t}

    @property
    def tags(self) -> dict[str, str]:
        return {t["tag"]: t["revisionName"] for t in self.state["traffic"] if "tag" in t}

    @property
    def calls(self) -> list[str]:
        calls: list[str] = self.state["calls"]
        return calls

    @property
    def _file(self) -> Path:
        return Path(self.environment["GCLOUD_STATE"])

    def start(self, script: str, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        """Start a script of .cloudbuild/ in a process group of its own."""
        return subprocess.Popen(
            [self.repository / ".cloudbuild" / script, *arguments],
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a script of .cloudbuild/ to its end, with `more` in its environment."""
        with self.start(script, *arguments, **more) as process:
            out, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def cloud_in(directory: Path, server: str) -> Cloud:
    """A service whose first revision has all traffic, and an image that was just built."""
    repository, programs = directory / "repository", directory / "bin"
    shutil.copytree(ROOT / ".cloudbuild", repository / ".cloudbuild")
    (repository / "dist").mkdir()
    (repository / "dist" / "image.txt").write_text("registry/api@sha256:new\n")
    programs.mkdir()
    # Without site-packages it starts in a fraction of the time, and it is called often.
    gcloud = f'exec "{sys.executable}" -I -S "{Path(__file__).parent / "fake_gcloud.py"}" "$@"'
    (programs / "gcloud").write_text(f"#!/bin/sh\n{gcloud}\n")
    (programs / "gcloud").chmod(0o755)
    (programs / "python3").symlink_to(sys.executable)
    (programs / "docker").symlink_to(Path(__file__).parent / "fake_docker.sh")
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "GCLOUD_STATE": str(directory / "gcloud.json"),
        "DOCKER_CALLS": str(directory / "docker.txt"),
        "PROJECT": "tally-test",
        "REGION": "europe-west1",
        "SERVICE": "api",
        "CANDIDATE_URL": server,
        "SMOKE_RETRIES": "0",
        "CANARY_PERCENT": "10",
        "WATCH_S": "0",
        "POLL_S": "0",
        "MIN_REQUESTS": "50",
        "MAX_ERROR_PERCENT": "1",
        "MAX_P95_MS": "1000",
        "MONITORING_URL": server,
    }
    state = {
        "calls": [],
        "fail": [],
        "fail_late": [],
        "revisions": [FIRST],
        "images": {FIRST: "gcr.io/cloudrun/hello"},
        "traffic": [{"revisionName": FIRST, "percent": 100}],
        "jobs": {},
        "executed": [],
        "functions": {},
    }
    Path(environment["GCLOUD_STATE"]).write_text(json.dumps(state))
    return Cloud(repository, environment)
