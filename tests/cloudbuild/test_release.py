"""A release ends with all traffic on the candidate, or with everything as it was."""

import os
import signal

import pytest

from tally_testing.cloudbuild.answers import Answers
from tally_testing.cloudbuild.cloud import FIRST, Cloud

SECOND = "api-00002"
THIRD = "api-00003"


def moves(cloud: Cloud) -> list[str]:
    """What was done to the service, in short."""
    start = "run services update"
    return [
        call.replace(" api --region=europe-west1", "").removeprefix(start).strip()
        for call in cloud.calls
        if call.startswith(start)
    ]


def assert_rolled_back(cloud: Cloud) -> None:
    assert cloud.traffic == {FIRST: 100}
    assert cloud.tags == {}
    assert moves(cloud)[-1] == f"-traffic --to-revisions={FIRST}=100 --remove-tags=candidate"


def test_a_release_goes_by_a_tag_and_a_tenth_to_all(cloud: Cloud) -> None:
    done = cloud.run("release.sh")
    assert done.returncode == 0, done.stderr
    assert moves(cloud) == [
        f"-traffic --to-revisions={FIRST}=100",
        "--image=registry/api@sha256:new --no-traffic",
        f"-traffic --update-tags=candidate={SECOND}",
        f"-traffic --to-revisions={SECOND}=10,{FIRST}=90",
        "-traffic --to-latest --remove-tags=candidate",
    ]
    assert cloud.traffic == {SECOND: 100}
    assert cloud.tags == {}
    assert done.stdout.endswith(f"released: {SECOND} has all traffic\n")


def test_the_first_release_takes_over_from_the_placeholder_and_the_next_from_it(
    cloud: Cloud,
) -> None:
    assert cloud.state["images"][FIRST] == "gcr.io/cloudrun/hello"
    assert cloud.run("release.sh").returncode == 0
    assert cloud.run("release.sh", IMAGE="registry/api@sha256:newer").returncode == 0
    assert cloud.traffic == {THIRD: 100}
    assert cloud.state["images"][THIRD] == "registry/api@sha256:newer"


@pytest.mark.parametrize(
    "call",
    [
        "run services update api",
        "run services update-traffic api --region=europe-west1 --update-tags",
        f"run services update-traffic api --region=europe-west1 --to-revisions={SECOND}=10",
        "run services update-traffic api --region=europe-west1 --to-latest",
        "run services describe api --region=europe-west1 --format=value(status.latestReady",
        "auth print-access-token",
    ],
)
@pytest.mark.parametrize("when", ["fail", "fail_late"])
def test_whatever_call_fails_all_traffic_is_where_it_was(
    cloud: Cloud, call: str, when: str
) -> None:
    cloud.change(**{when: [call]})
    done = cloud.run("release.sh")
    assert done.returncode != 0
    assert f"the release failed: {FIRST} gets the traffic again" in done.stderr
    assert_rolled_back(cloud)


def test_a_candidate_that_is_not_well_gets_no_traffic(cloud: Cloud, answers: Answers) -> None:
    answers.statuses["/health/ready"] = 503
    done = cloud.run("release.sh")
    assert done.returncode == 1
    assert "/health/ready answered 503, not 200 (Postgres answers it)" in done.stderr
    assert not any(f"{SECOND}=" in move for move in moves(cloud))
    assert_rolled_back(cloud)


@pytest.mark.parametrize(
    ("counts", "p95_ms", "said"),
    [
        ({"2xx": 196, "5xx": 4}, 80.0, "4 of 200 answers are 5xx, over 1 %"),
        ({"2xx": 200}, 1500.0, "the 95th percentile is 1500 ms, over 1000 ms"),
    ],
)
def test_a_candidate_that_serves_badly_loses_its_share(
    cloud: Cloud, answers: Answers, counts: dict[str, int], p95_ms: float, said: str
) -> None:
    answers.counts, answers.p95_ms = counts, p95_ms
    done = cloud.run("release.sh")
    assert done.returncode == 1
    assert said in done.stderr
    assert f"-traffic --to-revisions={SECOND}=10,{FIRST}=90" in moves(cloud)
    assert_rolled_back(cloud)


def test_with_too_few_requests_it_says_so_and_goes_on(cloud: Cloud, answers: Answers) -> None:
    answers.counts = {"2xx": 3}
    answers.p95_ms = 60_000
    done = cloud.run("release.sh")
    assert done.returncode == 0, done.stderr
    assert "too few requests to judge the latency: 3; going on" in done.stdout
    assert cloud.traffic == {SECOND: 100}


def test_errors_are_refused_however_few_requests_there_are(cloud: Cloud, answers: Answers) -> None:
    answers.counts = {"2xx": 2, "5xx": 1}
    done = cloud.run("release.sh")
    assert done.returncode == 1
    assert "1 of 3 answers are 5xx" in done.stderr
    assert_rolled_back(cloud)


def test_a_revision_that_nobody_has_tried_is_not_promoted(cloud: Cloud) -> None:
    cloud.change(revisions=[FIRST, SECOND, THIRD])
    done = cloud.run("promote.sh", CANDIDATE=SECOND)
    assert done.returncode == 1
    assert f"{THIRD} was deployed while {SECOND} was watched" in done.stderr
    assert moves(cloud) == []


def test_a_release_that_is_told_to_end_rolls_back(cloud: Cloud, answers: Answers) -> None:
    with cloud.start("release.sh", WATCH_S="600", POLL_S="0.05") as process:
        assert answers.watched.wait(60)
        os.killpg(process.pid, signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert_rolled_back(cloud)


def test_a_release_that_was_killed_midway_does_not_stop_the_next(
    cloud: Cloud, answers: Answers
) -> None:
    with cloud.start("release.sh", WATCH_S="600", POLL_S="0.05") as process:
        assert answers.watched.wait(60)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert cloud.traffic == {SECOND: 10, FIRST: 90}
    assert cloud.tags == {"candidate": SECOND}
    done = cloud.run("release.sh")
    assert done.returncode == 0, done.stderr
    assert cloud.traffic == {THIRD: 100}
    assert cloud.tags == {}


@pytest.mark.parametrize("call", ["run services update-traffic", "run services"])
def test_a_roll_back_that_does_not_succeed_is_said_loudly(cloud: Cloud, call: str) -> None:
    cloud.change(
        traffic=[
            {"revisionName": SECOND, "percent": 10},
            {"revisionName": FIRST, "percent": 90},
        ],
        fail=[call],
    )
    done = cloud.run("roll-back.sh", STABLE=FIRST)
    assert done.returncode == 1
    assert "NOT ROLLED BACK: the traffic of api is" in done.stderr


def test_a_service_without_traffic_is_named(cloud: Cloud) -> None:
    cloud.change(traffic=[])
    done = cloud.run("release.sh")
    assert done.returncode == 1
    assert done.stderr == "api has no stable revision; its traffic is: none\n"
    assert moves(cloud) == []
