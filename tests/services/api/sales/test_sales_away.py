"""BigQuery away, slow, refusing or talking nonsense: a clear 503, and orders go on."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from orders_api.settings.server import Feature
from tally_local.endpoints import Endpoints
from tally_local.ports import free_port
from tally_testing.fault_proxy import FaultProxy, fault_proxy
from tally_testing.waiting import wait_until

Serve = Callable[..., AbstractContextManager[httpx.Client]]
Check = Callable[[httpx.Response], dict[str, Any]]
QUERY = {"from": "2026-11-10", "to": "2026-11-10"}
ORDER = {"customer_id": 1, "total_cents": 1}
AWAY = "The sales are away for now; orders are not concerned."


def refusal(status: int, reason: str) -> tuple[int, str]:
    error = {"message": "secret of ours", "reason": reason, "domain": "global"}
    return status, json.dumps({"error": {"code": status, "errors": [error], "message": "secret"}})


def hang(proxy: FaultProxy) -> threading.Event:
    """Let the next request hang until the event is set."""
    release = threading.Event()

    def wait() -> None:
        release.wait(60)

    proxy.fail_at(1, "before", wait)
    return release


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """Run a BigQuery that always answers so: what the local endpoint cannot be made to say."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        refusal(401, "authError"),
        refusal(403, "accessDenied"),
        refusal(403, "quotaExceeded"),
        refusal(404, "notFound"),
        refusal(500, "internalError"),
        refusal(503, "backendError"),
        (502, "<html>Bad gateway</html>"),
        (200, "<html>Sign in to the airport's network</html>"),
    ],
)
def test_a_bigquery_that_refuses_is_a_503_without_internals(
    serve_sales: Serve, problem: Check, status: int, body: str
) -> None:
    with (
        answering(status, body) as url,
        serve_sales(bigquery_emulator_host=url, bigquery_timeout_s=2.0) as api,
    ):
        answer = api.get("/sales/daily", params=QUERY)
        assert api.post("/orders", json=ORDER).status_code == 201
    assert problem(answer)["detail"] == AWAY
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert "secret" not in answer.text


def test_a_query_that_would_cost_too_much_is_refused_and_others_are_asked(
    serve_sales: Serve, problem: Check
) -> None:
    with (
        answering(*refusal(400, "bytesBilledLimitExceeded")) as url,
        serve_sales(bigquery_emulator_host=url) as api,
    ):
        for _ in range(2):
            answer = api.get("/sales/daily", params=QUERY)
            assert answer.status_code == 503
            assert "Ask for fewer days" in problem(answer)["detail"]


def test_no_credentials_are_a_503(
    serve_sales: Serve, problem: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    with serve_sales(bigquery_emulator_host=None) as api:
        assert problem(api.get("/sales/daily", params=QUERY))["detail"] == AWAY


def test_a_dataset_that_is_not_there_is_a_503(serve_sales: Serve, problem: Check) -> None:
    with serve_sales(bigquery_dataset="nowhere") as api:
        assert problem(api.get("/sales/daily", params=QUERY))["detail"] == AWAY


def test_without_a_project_it_says_that_there_is_no_warehouse(
    api: httpx.Client, problem: Check
) -> None:
    answer = api.get("/sales/daily")
    assert answer.status_code == 503
    assert "no warehouse" in problem(answer)["detail"]
    assert answer.headers["retry-after"] == "3600"


def test_turned_off_it_is_not_there(serve_sales: Serve, problem: Check) -> None:
    with serve_sales(features_off=frozenset({Feature.SALES})) as api:
        answer = api.get("/sales/daily", params=QUERY)
        assert answer.status_code == 404
        assert problem(answer)["detail"] == "There is nothing at /sales/daily."


def test_nobody_listening_is_a_503_and_it_is_not_asked_for_a_while(
    serve_sales: Serve, problem: Check
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with serve_sales(bigquery_emulator_host=url, bigquery_timeout_s=1.0) as api:
        answers = [api.get("/sales/daily", params=QUERY | {"region": r}) for r in ("a", "b")]
        assert [problem(answer)["detail"] for answer in answers] == [AWAY] * 2
        # The second found nothing out for itself.
        assert answers[1].elapsed < answers[0].elapsed


def test_a_bigquery_that_hangs_holds_up_no_order_and_is_asked_by_few(
    endpoints: Endpoints, serve_sales: Serve, problem: Check
) -> None:
    with (
        fault_proxy(endpoints.bigquery) as (proxy, url),
        serve_sales(bigquery_emulator_host=url, bigquery_timeout_s=3.0) as api,
        httpx.Client(base_url=api.base_url, timeout=60) as caller,
    ):
        release = hang(proxy)
        answers: list[httpx.Response] = []

        def ask() -> None:
            answers.append(api.get("/sales/daily", params=QUERY))

        threads = [threading.Thread(target=ask) for _ in range(60)]
        for thread in threads:
            thread.start()
        wait_until(lambda: proxy.requests == 1, "BigQuery was asked")
        for _ in range(20):
            assert caller.post("/orders", json=ORDER).status_code == 201
            assert caller.get("/orders").status_code == 200
        for thread in threads:
            thread.join()
        assert {problem(answer)["detail"] for answer in answers} == {AWAY}
        release.set()


def test_sales_are_back_soon_after_bigquery_is(endpoints: Endpoints, serve_sales: Serve) -> None:
    with (
        fault_proxy(endpoints.bigquery) as (proxy, url),
        serve_sales(bigquery_emulator_host=url, bigquery_timeout_s=2.0) as api,
    ):
        api.get("/sales/daily", params=QUERY)
        release = hang(proxy)
        query = QUERY | {"region": "eu"}
        assert api.get("/sales/daily", params=query).status_code == 503
        release.set()
        # What is kept is shown all the while.
        assert api.get("/sales/daily", params=QUERY).status_code == 200
        wait_until(
            lambda: api.get("/sales/daily", params=query).status_code == 200, "sales are back"
        )


def test_google_s_client_is_not_imported_with_the_application() -> None:
    code = "import sys, orders_api.app; assert 'google.cloud.bigquery' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
