"""How the candidate is watched, over Cloud Monitoring's own protocol."""

import pytest

from tally_testing.cloudbuild.answers import Answers
from tally_testing.cloudbuild.cloud import Cloud

CANDIDATE = {"CANDIDATE": "api-00002"}


def test_it_asks_for_the_candidate_alone(cloud: Cloud, answers: Answers) -> None:
    done = cloud.run("watch_candidate.py", **CANDIDATE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "200 requests, 0 5xx, 95 % in 80 ms\n"
    where = (
        ' AND resource.labels.location = "europe-west1" AND resource.labels.service_name = "api"'
        ' AND resource.labels.revision_name = "api-00002"'
    )
    count, latency = answers.queries
    assert count["filter"] == [f'metric.type = "run.googleapis.com/request_count"{where}']
    assert latency["filter"] == [f'metric.type = "run.googleapis.com/request_latencies"{where}']
    assert count["aggregation.groupByFields"] == ["metric.labels.response_code_class"]
    assert count["aggregation.crossSeriesReducer"] == ["REDUCE_SUM"]
    assert latency["aggregation.crossSeriesReducer"] == ["REDUCE_PERCENTILE_95"]
    assert count["aggregation.alignmentPeriod"] == ["60s"]


@pytest.mark.parametrize(
    ("counts", "p95_ms", "code"),
    [
        ({"2xx": 198, "5xx": 2}, 1000.0, 0),
        ({"2xx": 197, "5xx": 3}, 80.0, 1),
        ({"2xx": 100, "4xx": 100}, 80.0, 0),
        ({"2xx": 50}, 1000.1, 1),
        ({"2xx": 49}, 5000.0, 0),
        ({"5xx": 1}, 80.0, 1),
        ({}, 0.0, 0),
    ],
)
def test_it_fails_beyond_a_limit_and_few_requests_tell_no_latency(
    cloud: Cloud, answers: Answers, counts: dict[str, int], p95_ms: float, code: int
) -> None:
    answers.counts, answers.p95_ms = counts, p95_ms
    assert cloud.run("watch_candidate.py", **CANDIDATE).returncode == code


def test_with_few_requests_as_many_errors_are_forgiven_as_with_enough(
    cloud: Cloud, answers: Answers
) -> None:
    answers.counts = {"5xx": 2}
    assert cloud.run("watch_candidate.py", **CANDIDATE, MAX_ERROR_PERCENT="4").returncode == 0
    answers.counts = {"5xx": 3}
    assert cloud.run("watch_candidate.py", **CANDIDATE, MAX_ERROR_PERCENT="4").returncode == 1


def test_it_ends_as_soon_as_a_limit_is_exceeded(cloud: Cloud, answers: Answers) -> None:
    answers.counts = {"5xx": 100}
    done = cloud.run("watch_candidate.py", **CANDIDATE, WATCH_S="86400")
    assert done.returncode == 1


def test_what_cannot_be_watched_fails(cloud: Cloud, answers: Answers) -> None:
    answers.monitoring = 403
    done = cloud.run("watch_candidate.py", **CANDIDATE)
    assert done.returncode == 1
    assert "Cloud Monitoring does not tell: HTTP Error 403" in done.stderr


def test_what_is_not_set_is_named(cloud: Cloud) -> None:
    done = cloud.run("watch_candidate.py", PROJECT="", MAX_P95_MS="")
    assert done.returncode == 2
    assert done.stderr.startswith("PROJECT, CANDIDATE, MAX_P95_MS: not set\n")
