"""The functions get their new source and keep all else; DAGs and SQL files are mirrored."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tally_testing.cloudbuild.cloud import ROOT, Cloud

NAMES = ["load-orders", "reconcile-orders", "maintain-orders"]
FUNCTIONS = {"FUNCTIONS": " ".join(NAMES), "SOURCE_BUCKET": "sources"}
GCLOUD = shutil.which("gcloud")
CONTENT = b"an archive"
ARCHIVE = hashlib.sha256(CONTENT).hexdigest()[:40]
NEW = f"gs://sources/functions/{ARCHIVE}.zip"
FIRST = "gs://sources/functions/first.zip"
DAGS = {"DAGS": "gs://composer/dags", "SQL_BUCKET": ""}
SQL = {"DAGS": "", "SQL_BUCKET": "sql"}


@pytest.fixture(autouse=True)
def functions(cloud: Cloud) -> None:
    """Three functions that run the first archive."""
    cloud.change(functions={name: {"source": FIRST, "state": "ACTIVE"} for name in NAMES})
    (cloud.repository / "dist" / "functions.zip").write_bytes(CONTENT)


def sources(cloud: Cloud) -> dict[str, str]:
    return {name: function["source"] for name, function in cloud.state["functions"].items()}


def deployed(cloud: Cloud) -> list[str]:
    return [call for call in cloud.calls if call.startswith("functions deploy")]


def test_each_function_gets_the_archive_by_its_hash_and_nothing_else_changes(cloud: Cloud) -> None:
    done = cloud.run("deploy-functions.sh", **FUNCTIONS)
    assert done.returncode == 0, done.stderr
    assert sources(cloud) == dict.fromkeys(NAMES, NEW)
    assert cloud.calls[0] == f"storage cp dist/functions.zip {NEW} --no-clobber"
    assert deployed(cloud) == [
        f"functions deploy {name} --gen2 --region=europe-west1 --source={NEW}"
        f" --update-labels=archive={ARCHIVE}"
        " --build-service-account=projects/p/serviceAccounts/build --quiet"
        for name in NAMES
    ]


def test_functions_with_the_same_source_are_left_alone(cloud: Cloud) -> None:
    cloud.run("deploy-functions.sh", **FUNCTIONS)
    before = deployed(cloud)
    done = cloud.run("deploy-functions.sh", **FUNCTIONS)
    assert done.returncode == 0, done.stderr
    assert deployed(cloud) == before


def test_when_one_cannot_be_deployed_those_before_it_get_back_what_they_had(cloud: Cloud) -> None:
    cloud.change(fail=["functions deploy maintain-orders"])
    done = cloud.run("deploy-functions.sh", **FUNCTIONS)
    assert done.returncode == 1
    assert sources(cloud) == dict.fromkeys(NAMES, FIRST)


def test_what_a_new_function_has_is_what_terraform_gave_it() -> None:
    made = (ROOT / "terraform" / "modules" / "stack" / "functions.tf").read_text()
    assert re.search(
        r'bucket = module\.source_bucket\.name\n +name += "functions/first\.zip"', made
    )


def test_what_they_had_may_be_that_of_another_build(cloud: Cloud) -> None:
    cloud.run("deploy-functions.sh", **FUNCTIONS)
    (cloud.repository / "dist" / "functions.zip").write_bytes(b"another archive")
    cloud.change(fail=["functions deploy maintain-orders"])
    assert cloud.run("deploy-functions.sh", **FUNCTIONS).returncode == 1
    assert sources(cloud) == dict.fromkeys(NAMES, NEW)


def test_a_function_that_does_not_run_gets_the_same_source_again(cloud: Cloud) -> None:
    cloud.run("deploy-functions.sh", **FUNCTIONS)
    functions = cloud.state["functions"]
    cloud.change(functions=functions | {NAMES[1]: functions[NAMES[1]] | {"state": "FAILED"}})
    before = len(deployed(cloud))
    cloud.run("deploy-functions.sh", **FUNCTIONS)
    (again,) = deployed(cloud)[before:]
    assert again.startswith(f"functions deploy {NAMES[1]} ")


def test_a_function_that_is_not_rolled_back_is_named(cloud: Cloud) -> None:
    back = f"functions deploy load-orders --gen2 --region=europe-west1 --source={FIRST}"
    cloud.change(fail=["functions deploy reconcile-orders", back])
    done = cloud.run("deploy-functions.sh", **FUNCTIONS)
    assert done.returncode == 1
    assert "NOT ROLLED BACK: load-orders runs the new source" in done.stderr
    assert deployed(cloud)[-1].startswith(back)


def test_a_function_that_terraform_has_not_made_is_not_made_here(cloud: Cloud) -> None:
    cloud.change(fail=["functions describe"])
    assert cloud.run("deploy-functions.sh", **FUNCTIONS).returncode == 1
    assert deployed(cloud) == []


@pytest.mark.parametrize(
    ("where", "copied"),
    [
        (DAGS, ["dags gs://composer/dags"]),
        (SQL, ["dags/sql gs://sql"]),
        (DAGS | {"SQL_BUCKET": "sql"}, ["dags gs://composer/dags", "dags/sql gs://sql"]),
        ({"DAGS": "", "SQL_BUCKET": ""}, []),
    ],
)
def test_what_is_used_is_mirrored(cloud: Cloud, where: dict[str, str], copied: list[str]) -> None:
    done = cloud.run("sync-dags.sh", **where)
    assert done.returncode == 0, done.stderr
    for call, places in zip(cloud.calls, copied, strict=True):
        mirror = f"storage rsync {places} --recursive --delete-unmatched-destination-objects"
        assert call.startswith(mirror)


@pytest.mark.parametrize("where", [DAGS, SQL])
def test_a_copy_that_fails_fails_the_build(cloud: Cloud, where: dict[str, str]) -> None:
    cloud.change(fail=["storage rsync"])
    assert cloud.run("sync-dags.sh", **where).returncode == 1


@pytest.mark.skipif(GCLOUD is None, reason="there is no gcloud")
def test_gcloud_itself_leaves_out_what_airflow_does_not_read_and_keeps_composers_own(
    cloud: Cloud, tmp_path: Path
) -> None:
    """Between folders gcloud only says what it would do; it does not copy there."""
    cloud.run("sync-dags.sh", **DAGS)
    exclude = cloud.calls[0].partition("--exclude=")[2]
    bucket = tmp_path / "bucket"
    (bucket / "workflows").mkdir(parents=True)
    for name in ("airflow_monitoring.py", "gone.py"):
        (bucket / name).touch()
    said = subprocess.run(
        [
            *(str(GCLOUD), "storage", "rsync", str(ROOT / "dags"), str(bucket), "--dry-run"),
            *("--recursive", "--delete-unmatched-destination-objects", f"--exclude={exclude}"),
        ],
        env=os.environ | {"CLOUDSDK_CONFIG": str(tmp_path / "sdk")},
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    wanted = {
        path.relative_to(ROOT / "dags").as_posix()
        for path in (ROOT / "dags").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted -= {
        "README.md",
        "workflows/README.md",
        "workflows/daily.yaml",
        "workflows/maintain.yaml",
    }
    source, target = f"file://{ROOT / 'dags'}/", f"file://{bucket}/"
    lines = [line for line in said.splitlines() if line.startswith("Would")]
    copied = {line.split(source)[1].split(" to ")[0] for line in lines if source in line}
    removed = {line.split(target)[1] for line in lines if line.startswith("Would remove")}
    assert copied == wanted
    assert removed == {"gone.py"}
