"""The candidate is asked before it gets traffic: here the real API, under its real server."""

from pathlib import Path

import pytest

from tally_testing.api_process import api_process
from tally_testing.cloudbuild.answers import Answers
from tally_testing.cloudbuild.cloud import Cloud


def test_the_api_with_its_database_passes(cloud: Cloud, database_url: str, tmp_path: Path) -> None:
    with api_process(database_url, tmp_path, auth="required") as api:
        done = cloud.run("smoke-candidate.sh", CANDIDATE_URL=api.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "/health/startup: 200 (it has started)",
        "/health/ready: 200 (Postgres answers it)",
        "/v1/orders: 401 (strangers are kept out)",
    ]
    assert cloud.calls == []


def test_the_api_without_its_database_does_not(cloud: Cloud, tmp_path: Path) -> None:
    nowhere = "postgresql://postgres@127.0.0.1:1/tally"
    with api_process(nowhere, tmp_path, auth="required") as api:
        done = cloud.run("smoke-candidate.sh", CANDIDATE_URL=api.url)
    assert done.returncode == 1
    assert done.stderr.endswith("/health/ready answered 503, not 200 (Postgres answers it)\n")


def test_the_api_that_lets_strangers_in_does_not(
    cloud: Cloud, database_url: str, tmp_path: Path
) -> None:
    with api_process(database_url, tmp_path, auth="loopback") as api:
        done = cloud.run("smoke-candidate.sh", CANDIDATE_URL=api.url)
    assert done.returncode == 1
    assert "/v1/orders answered 200, not 401 (strangers are kept out)" in done.stderr


@pytest.mark.parametrize("account", ["a service account's", "a person's"])
def test_a_service_that_is_not_public_is_asked_with_an_id_token_of_its_own_address(
    cloud: Cloud, answers: Answers, account: str
) -> None:
    answers.token = "Bearer print-identity-token-of-the-deploy-account"
    with_audience = "auth print-identity-token --audiences=https://api-abc123.run.app"
    if account == "a person's":
        cloud.change(fail=[with_audience])
    done = cloud.run("smoke-candidate.sh")
    assert done.returncode == 0, done.stderr
    assert with_audience in cloud.calls


def test_a_token_that_is_refused_ends_it(cloud: Cloud, answers: Answers) -> None:
    answers.token = "Bearer another"
    done = cloud.run("smoke-candidate.sh")
    assert done.returncode == 1
    assert "/health/startup answered 403, not 200" in done.stderr


def test_where_nobody_answers_it_says_so(cloud: Cloud) -> None:
    done = cloud.run("smoke-candidate.sh", CANDIDATE_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.endswith("/health/startup answered 000, not 200 (it has started)\n")


def test_what_is_away_for_a_moment_is_asked_again(cloud: Cloud, answers: Answers) -> None:
    answers.away = 1
    done = cloud.run("smoke-candidate.sh", SMOKE_RETRIES="1")
    assert done.returncode == 0, done.stderr
