from __future__ import annotations

import io
import signal
import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError, NotFound
from google.cloud import bigquery

Query = Callable[..., list[dict[str, Any]]]
Serve = Callable[[Path], AbstractContextManager[Any]]
PROJECT = "tally-test"
SCHEMA = [bigquery.SchemaField("id", "INT64")]


def test_a_job_id_is_used_once_even_if_the_job_failed(
    client: bigquery.Client, dataset: str
) -> None:
    for body, expected in ((b"1\n", None), (b"x\n", BadRequest)):
        name = f"load-{uuid.uuid4().hex}"

        def begin(body: bytes = body, name: str = name) -> bigquery.LoadJob:
            config = bigquery.LoadJobConfig(schema=SCHEMA)
            file = io.BytesIO(body)
            return client.load_table_from_file(
                file, f"{dataset}.t", job_id=name, size=len(body), job_config=config
            )

        job = begin()
        if expected is None:
            job.result()
        else:
            with pytest.raises(expected):
                job.result()
        with pytest.raises(Conflict, match="Already Exists: Job"):
            begin()
        assert client.get_job(name).state == "DONE"


def test_jobs_are_listed_and_forgotten(client: bigquery.Client) -> None:
    job = client.query("SELECT 1")
    job.result()
    assert job.job_id in [other.job_id for other in client.list_jobs()]
    client.delete_job_metadata(job)
    with pytest.raises(NotFound):
        client.get_job(job.job_id)


def test_a_running_job_can_be_cancelled(client: bigquery.Client, bigquery_url: str) -> None:
    name = f"long-{uuid.uuid4().hex}"
    body = {
        "configuration": {
            "query": {
                "query": "SELECT SUM(MOD(a * b * c, 7)) FROM UNNEST(GENERATE_ARRAY(1, 3000)) a, "
                "UNNEST(GENERATE_ARRAY(1, 3000)) b, UNNEST(GENERATE_ARRAY(1, 3000)) c",
                "useLegacySql": False,
            }
        },
        "jobReference": {"projectId": PROJECT, "jobId": name},
    }
    url = f"{bigquery_url}/bigquery/v2/projects/{PROJECT}/jobs"
    starter = threading.Thread(target=httpx.post, args=(url,), kwargs={"json": body, "timeout": 60})
    starter.start()
    job = None
    while job is None:
        try:
            job = client.get_job(name)
        except NotFound:
            continue
    job.cancel()
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result()
    starter.join()


def test_a_request_id_runs_its_query_once(run: Query, dataset: str, bigquery_url: str) -> None:
    run("CREATE TABLE t (a INT64)")
    body = {
        "query": f"INSERT INTO {dataset}.t VALUES (1)",
        "useLegacySql": False,
        "requestId": uuid.uuid4().hex,
    }
    url = f"{bigquery_url}/bigquery/v2/projects/{PROJECT}/queries"
    answers = [httpx.post(url, json=body, timeout=60).json() for _ in range(2)]
    assert answers[0]["jobReference"] == answers[1]["jobReference"]
    assert run("SELECT COUNT(*) AS n FROM t") == [{"n": 1}]


def test_errors_come_in_bigquerys_own_body(bigquery_url: str) -> None:
    url = f"{bigquery_url}/bigquery/v2/projects/{PROJECT}/datasets/nope"
    answer = httpx.get(url)
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == 404
    assert error["errors"][0]["reason"] == "notFound"


def test_everything_survives_a_restart(tmp_path: Path, serve: Serve) -> None:
    with serve(tmp_path) as server:
        client = server.client()
        client.create_dataset("d")
        config = bigquery.LoadJobConfig(
            schema=[bigquery.SchemaField("day", "DATE", "REQUIRED")],
            time_partitioning=bigquery.TimePartitioning(field="day"),
            clustering_fields=["day"],
        )
        client.load_table_from_file(
            io.BytesIO(b"2026-01-02\n"), "d.t", job_id="once", job_config=config
        ).result()
        before = client.get_table("d.t").to_api_repr()
        assert server.stop() == 0
    with serve(tmp_path) as server:
        client = server.client()
        assert client.get_table("d.t").to_api_repr() == before
        assert [tuple(row) for row in client.query("SELECT COUNT(*) FROM d.t").result()] == [(1,)]
        assert client.get_job("once").state == "DONE"
        with pytest.raises(Conflict):
            client.load_table_from_file(
                io.BytesIO(b"2026-01-02\n"), "d.t", job_id="once", job_config=config
            )


def test_a_killed_endpoint_has_the_job_with_its_rows_or_neither(
    tmp_path: Path, serve: Serve
) -> None:
    body = "".join(f"{n}\n" for n in range(1000)).encode()
    config = bigquery.LoadJobConfig(schema=SCHEMA)
    for attempt in range(3):
        with serve(tmp_path) as server:
            client = server.client()
            client.create_dataset("d", exists_ok=True)
            answered: list[str] = []

            def load_until_killed(
                client: bigquery.Client = client, attempt: int = attempt,
                answered: list[str] = answered,
            ) -> None:  # fmt: skip
                try:
                    for number in range(10_000):
                        name = f"kill-{attempt}-{number}"
                        client.load_table_from_file(
                            io.BytesIO(body), "d.t", job_id=name, size=len(body),
                            job_config=config, num_retries=0,
                        ).result(retry=None)  # fmt: skip
                        answered.append(name)
                except (OSError, httpx.HTTPError, ConnectionError):
                    return

            loader = threading.Thread(target=load_until_killed)
            loader.start()
            while len(answered) < 5 * (attempt + 1):
                loader.join(timeout=0.01)
            server.stop(signal.SIGKILL)
            loader.join()
        with serve(tmp_path) as server:
            client = server.client()
            done = {job.job_id for job in client.list_jobs() if job.job_type == "load"}
            (row,) = client.query("SELECT COUNT(*) AS n FROM d.t").result()
            assert row.n == 1000 * len(done)
            assert set(answered) <= done


def test_a_query_does_not_wait_for_a_writer(
    run: Query, client: bigquery.Client, dataset: str
) -> None:
    run("CREATE TABLE t (n INT64)")
    script = (
        f"BEGIN TRANSACTION; INSERT INTO {dataset}.t SELECT SUM(MOD(a * b * c, 7)) "
        "FROM UNNEST(GENERATE_ARRAY(1, 3000)) a, UNNEST(GENERATE_ARRAY(1, 3000)) b, "
        "UNNEST(GENERATE_ARRAY(1, 3000)) c; COMMIT TRANSACTION;"
    )
    writer = client.query(script)
    assert run("SELECT COUNT(*) AS n FROM t") == [{"n": 0}]
    assert not writer.done()
    writer.cancel()
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        writer.result()
    assert run("SELECT COUNT(*) AS n FROM t") == [{"n": 0}]
