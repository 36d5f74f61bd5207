"""The image is pushed and named by its digest; the database is migrated with it."""

from pathlib import Path

import pytest

from tally_testing.cloudbuild.cloud import Cloud

IMAGE = {"REPOSITORY": "registry/api", "TAG": "abc123", "PYTHON_IMAGE": "python:3.13-slim"}
JOBS = {"MIGRATE_JOB": "migrate", "ADMIN_JOB": "admin"}
NEW = "registry/api@sha256:new"


def docker_calls(cloud: Cloud) -> list[str]:
    return Path(cloud.environment["DOCKER_CALLS"]).read_text().splitlines()


def test_an_image_is_built_with_a_cache_attested_and_pushed(cloud: Cloud) -> None:
    done = cloud.run("build-image.sh", **IMAGE)
    assert done.returncode == 0, done.stderr
    inspected, attested, plain, pushed, named = docker_calls(cloud)
    assert inspected == "buildx inspect tally"
    for build in (attested, plain):
        assert build.startswith("buildx build --builder tally --file services/api/Dockerfile")
        assert "--build-arg PYTHON_IMAGE=python:3.13-slim" in build
        assert "--cache-from type=registry,ref=registry/api:cache" in build
    assert "--tag registry/api:abc123-sbom --push --sbom=true --provenance=mode=max" in attested
    assert "--cache-to type=registry,ref=registry/api:cache,mode=max" in attested
    assert "--tag registry/api:abc123 --load --provenance=false" in plain
    assert pushed == "push registry/api:abc123"
    assert named.startswith("image inspect")
    image = (cloud.repository / "dist" / "image.txt").read_text()
    assert image == "registry/api@sha256:0123\n"


def test_a_builder_is_made_where_there_is_none(cloud: Cloud) -> None:
    assert cloud.run("build-image.sh", **IMAGE, DOCKER_FAILS="buildx inspect").returncode == 0
    assert "buildx create --name tally --driver docker-container" in docker_calls(cloud)


@pytest.mark.parametrize("call", ["buildx build", "push"])
def test_an_image_that_is_not_pushed_is_not_named(cloud: Cloud, call: str) -> None:
    (cloud.repository / "dist" / "image.txt").unlink()
    assert cloud.run("build-image.sh", **IMAGE, DOCKER_FAILS=call).returncode == 1
    assert not (cloud.repository / "dist" / "image.txt").exists()


def test_the_database_is_migrated_with_the_new_image(cloud: Cloud) -> None:
    done = cloud.run("migrate.sh", **JOBS)
    assert done.returncode == 0, done.stderr
    assert cloud.state["executed"] == [["migrate", NEW]]
    assert "run jobs execute migrate --region=europe-west1 --wait" in cloud.calls
    assert cloud.state["jobs"] == {"migrate": NEW, "admin": NEW}


@pytest.mark.parametrize("call", ["run jobs update migrate", "run jobs execute migrate"])
def test_a_migration_that_fails_ends_the_build(cloud: Cloud, call: str) -> None:
    cloud.change(fail=[call])
    assert cloud.run("migrate.sh", **JOBS).returncode == 1
    assert cloud.state["executed"] == []
    assert "admin" not in cloud.state["jobs"]


@pytest.mark.parametrize(
    ("script", "key"),
    [
        ("build-image.sh", "REPOSITORY"),
        ("migrate.sh", "MIGRATE_JOB"),
        ("revision.sh", "SERVICE"),
        ("deploy-candidate.sh", "STABLE"),
        ("smoke-candidate.sh", "CANDIDATE_URL"),
        ("shift-traffic.sh", "CANARY_PERCENT"),
        ("promote.sh", "CANDIDATE"),
        ("roll-back.sh", "STABLE"),
        ("release.sh", "CANARY_PERCENT"),
        ("deploy-functions.sh", "FUNCTIONS"),
    ],
)
def test_a_script_names_the_variable_that_is_not_set(cloud: Cloud, script: str, key: str) -> None:
    given = IMAGE | JOBS | {"STABLE": "a", "CANDIDATE": "b", "FUNCTIONS": "f"} | {key: ""}
    done = cloud.run(script, **given)
    assert done.returncode != 0
    assert f" {key}: " in done.stderr
    assert cloud.calls == []
