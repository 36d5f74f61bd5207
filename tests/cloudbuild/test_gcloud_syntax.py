"""The real gcloud knows every command and flag that the scripts use; it is given no account."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tally_testing.cloudbuild.answers import Answers
from tally_testing.cloudbuild.cloud import Cloud

GCLOUD = shutil.which("gcloud")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(GCLOUD is None, reason="there is no gcloud"),
]
FUNCTION = {"source": "gs://sources/functions/first.zip", "state": "ACTIVE"}
RUNS = {
    "migrate.sh": {"MIGRATE_JOB": "migrate", "ADMIN_JOB": "admin"},
    "release.sh": {},
    "roll-back.sh": {"STABLE": "api-00001"},
    "deploy-functions.sh": {"FUNCTIONS": "load-orders", "SOURCE_BUCKET": "sources"},
    "sync-dags.sh": {"DAGS": "gs://composer/dags", "SQL_BUCKET": ""},
}


def said_by_gcloud(call: list[str], directory: Path) -> str:
    """What it says of a call; with nobody to be, it gets no further than the arguments."""
    alone = {"HOME": str(directory), "CLOUDSDK_CONFIG": str(directory / "sdk")}
    alone |= {"CLOUDSDK_CORE_CHECK_GCE_METADATA": "false", "CLOUDSDK_CORE_PROJECT": "nowhere"}
    alone |= {"CLOUDSDK_CORE_DISABLE_PROMPTS": "1", "PATH": os.environ["PATH"]}
    return subprocess.run(
        [str(GCLOUD), *call], env=alone, capture_output=True, text=True, check=False
    ).stderr


@pytest.mark.parametrize("script", RUNS)
def test_gcloud_takes_what_it_is_given(
    cloud: Cloud, answers: Answers, tmp_path: Path, script: str
) -> None:
    answers.token = "Bearer print-identity-token-of-the-deploy-account"
    (cloud.repository / "dist" / "functions.zip").write_bytes(b"an archive")
    cloud.change(functions={"load-orders": FUNCTION})
    done = cloud.run(script, **RUNS[script])
    assert done.returncode == 0, done.stderr
    for call in dict.fromkeys(cloud.calls):
        said = said_by_gcloud(call.split(" "), tmp_path)
        assert "You do not currently have an active account selected" in said, f"{call}: {said}"


def test_gcloud_refuses_a_flag_that_there_is_not(tmp_path: Path) -> None:
    assert "unrecognized arguments" in said_by_gcloud(["run", "services", "--bogus"], tmp_path)
