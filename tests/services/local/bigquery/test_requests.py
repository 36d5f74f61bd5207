from __future__ import annotations

import datetime as dt
import re
from typing import Any

import httpx
import pytest
from google.cloud import bigquery

from tally_local.bigquery.routes.discovery import document

PROJECT = "tally-test"


def methods() -> list[dict[str, Any]]:
    resources = document("http://host/")["resources"].values()
    return [method for resource in resources for method in resource["methods"].values()]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method["id"])
def test_every_method_of_the_discovery_document_is_answered(
    bigquery_url: str, method: dict[str, Any]
) -> None:
    path = re.sub(r"\{\+\w+\}", "none", method["path"])
    answer = httpx.request(method["httpMethod"], f"{bigquery_url}/bigquery/v2/{path}")
    assert answer.status_code in {200, 400, 404, 501}
    message = answer.json().get("error", {}).get("message", "")
    assert "bigquery/v2" not in message
    assert "is not allowed" not in message
    assert answer.status_code != 501 or "is not supported" in message


def test_a_job_is_deleted_where_discovery_says(client: bigquery.Client, bigquery_url: str) -> None:
    job = client.query("SELECT 1")
    job.result()
    (delete,) = [method for method in methods() if method["id"] == "bigquery.jobs.delete"]
    path = delete["path"].replace("{+projectId}", PROJECT).replace("{+jobId}", job.job_id)
    url = f"{bigquery_url}/bigquery/v2/{path}"
    assert [httpx.delete(url).status_code for _ in range(2)] == [204, 404]


def test_jobs_are_listed_by_the_time_they_were_made(client: bigquery.Client) -> None:
    jobs = [client.query("SELECT 1") for _ in range(2)]
    for job in jobs:
        job.result()
    first, second = (job.created for job in jobs)
    assert first is not None
    assert second is not None
    names = [job.job_id for job in jobs]

    def listed(**limits: Any) -> list[str]:
        return [job.job_id for job in client.list_jobs(**limits) if job.job_id in names]

    day = dt.timedelta(days=1)
    assert sorted(listed(min_creation_time=first, max_creation_time=second)) == sorted(names)
    assert listed(min_creation_time=second + day) == []
    assert listed(max_creation_time=first - day) == []


def test_a_script_has_no_child_jobs(client: bigquery.Client) -> None:
    job = client.query("SELECT 1; SELECT 2")
    job.result()
    assert job.num_child_jobs == 0
    assert list(client.list_jobs(parent_job=job)) == []


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "²", "9" * 30])
@pytest.mark.parametrize(
    "place",
    [
        "jobs?maxResults=",
        "jobs?minCreationTime=",
        "jobs?maxCreationTime=",
        "jobs?pageToken=",
        "datasets?maxResults=",
        "queries/nope?maxResults=",
        "queries/nope?startIndex=",
        "queries/nope?timeoutMs=",
    ],
)
def test_a_malformed_integer_is_refused_by_its_name(
    bigquery_url: str, place: str, value: str
) -> None:
    answer = httpx.get(f"{bigquery_url}/bigquery/v2/projects/{PROJECT}/{place}{value}")
    error = answer.json()["error"]
    assert (answer.status_code, error["errors"][0]["reason"]) == (400, "invalid")
    name = place.split("?")[1].removesuffix("=")
    assert error["message"] == f"Invalid value for {name}: {value} is not a valid value"


@pytest.mark.parametrize("name", ["maxResults", "timeoutMs"])
def test_a_malformed_integer_in_a_body_runs_nothing(bigquery_url: str, name: str) -> None:
    body = {"query": "SELECT 1", "useLegacySql": False, name: "many"}
    url = f"{bigquery_url}/bigquery/v2/projects/{PROJECT}/queries"
    answer = httpx.post(url, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        f"Invalid value for {name}: many is not a valid value"
    )
