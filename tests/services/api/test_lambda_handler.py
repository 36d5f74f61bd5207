"""The API on AWS Lambda, with events as API Gateway, function URLs and load balancers send them."""

import base64
import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from anyio import run
from fastapi import FastAPI, Response
from sqlalchemy import Engine, text

from orders_api.app import create_app
from orders_api.clients.database import Database
from orders_api.lambda_handler import LambdaHandler
from orders_api.schemas.access import NewUser
from orders_api.schemas.scopes import Role
from orders_api.services.access import users
from orders_api.services.access.passwords import Passwords
from orders_api.settings import Settings
from orders_api.settings.errors import SettingsError
from tally_testing.lambda_events import (
    KINDS,
    STRANGER,
    Event,
    Headers,
    MakeEvent,
    balancer,
    balancer_multi,
    function_url,
    http_1,
    http_2,
    http_2_stage,
    rest,
)

ORDER = {"customer_id": 42, "total_cents": 1999}
PASSWORD = "correct horse battery staple"
JSON = {"content-type": ["application/json"]}


class Caller:
    """Sends requests as one kind of event, with a token if it has one."""

    def __init__(self, handler: LambdaHandler, kind: MakeEvent, token: str | None = None) -> None:
        self.handler = handler
        self.kind = kind
        self.token = token

    def __call__(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        headers: Headers | None = None,
        body: str | bytes | None = None,
    ) -> tuple[int, Headers, bytes]:
        """Return status, headers and content of the answer."""
        binary = isinstance(body, bytes)
        sent = base64.b64encode(body).decode() if isinstance(body, bytes) else body
        known = {"authorization": [f"Bearer {self.token}"]} if self.token else {}
        all_headers = {"host": ["tally.example"], **known, **(headers or {})}
        content = {"body": sent, "isBase64Encoded": binary}
        event = self.kind(method, path, query, all_headers, content)
        return self.send(event)

    def send(self, event: Event) -> tuple[int, Headers, bytes]:
        """Send an event as it is; it and its answer are JSON, as for Lambda."""
        context: Any = None
        answer = json.loads(json.dumps(self.handler(json.loads(json.dumps(event)), context)))
        content = answer["body"].encode()
        if answer["isBase64Encoded"]:
            content = base64.b64decode(content)
        found: Headers = {}
        for name, value in answer.get("headers", {}).items():
            found.setdefault(name.lower(), []).append(value)
        found |= {name.lower(): v for name, v in answer.get("multiValueHeaders", {}).items()}
        return answer["statusCode"], found, content


@pytest.fixture(scope="module")
def handler(shared_url: str) -> Iterator[LambdaHandler]:
    settings = Settings.model_validate({"database_url": shared_url, "auth": "required"})
    handler = LambdaHandler(create_app(settings))
    yield handler
    handler.close()


@pytest.fixture(scope="module")
def token(handler: LambdaHandler, shared_engine: Engine) -> str:
    """Of a manager, asked for as a client does."""
    user = NewUser(email="lambda@b.c", password=PASSWORD, role=Role.MANAGER)
    users.create(Database(shared_engine), user, run(Passwords().hash, PASSWORD))
    login = {"grant_type": "password", "username": "lambda@b.c", "password": PASSWORD}
    form = {"content-type": ["application/x-www-form-urlencoded"]}
    ask = Caller(handler, function_url)
    _, _, answer = ask("POST", "/auth/token", headers=form, body=urlencode(login))
    return str(json.loads(answer)["access_token"])


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def call(request: pytest.FixtureRequest, handler: LambdaHandler, token: str) -> Caller:
    return Caller(handler, request.param, token)


def test_an_order_is_created_and_read(call: Caller) -> None:
    status, headers, created = call("POST", "/orders", headers=JSON, body=json.dumps(ORDER))
    assert status == 201, created
    mount = "/prod" if call.kind in {rest, http_1, http_2_stage} else ""
    order_id = json.loads(created)["id"]
    assert headers["location"] == [f"{mount}/orders/{order_id}"]
    assert call("GET", f"/orders/{order_id}")[2] == created
    assert call("GET", f"/v1/orders/{order_id}")[2] == created
    status, _, nothing = call("DELETE", f"/orders/{order_id}", headers={"if-match": ["*"]})
    assert (status, nothing) == (204, b"")


def test_parameters_are_decoded_once_and_may_be_repeated(call: Caller) -> None:
    metadata = {"a+b %41&é": "ü=1 %2B"}
    order = json.dumps(ORDER | {"metadata": metadata, "status": "paid"})
    order_id = json.loads(call("POST", "/orders", headers=JSON, body=order)[2])["id"]
    [(key, value)] = metadata.items()
    statuses = [("status", "paid")]
    if call.kind is not balancer:
        statuses.append(("status", "shipped"))
    query = urlencode([*statuses, (f"metadata[{key}]", value)])
    status, _, page = call("GET", "/orders", query)
    assert status == 200, page
    assert order_id in [order["id"] for order in json.loads(page)["orders"]]
    assert {order["status"] for order in json.loads(page)["orders"]} == {"paid"}


def test_a_path_is_decoded_once(call: Caller) -> None:
    path = "/problems/not%2Dfound"
    if call.kind in {http_2, http_2_stage, function_url}:
        # Format 2.0 has it decoded.
        path = "/problems/not-found"
    assert json.loads(call("GET", path)[2])["status"] == 404
    status, _, unknown = call("GET", "/problems/no%252Dsuch")
    assert status == 404, unknown


def test_a_problem_is_readable_text(call: Caller) -> None:
    status, headers, body = call("GET", "/orders", "no=1")
    assert status == 422
    assert headers["content-type"] == ["application/problem+json"]
    assert json.loads(body)["errors"][0]["pointer"] == "query/no"


def test_a_binary_import_is_taken(call: Caller) -> None:
    lines = "".join(json.dumps(ORDER) + "\n" for _ in range(3)).encode()
    sent = {"content-type": ["application/x-ndjson"], "content-encoding": ["gzip"]}
    status, _, body = call("POST", "/orders:import", headers=sent, body=gzip.compress(lines))
    assert (status, json.loads(body)["imported"]) == (201, 3)


def test_an_answer_that_is_compressed_comes_as_base64(call: Caller) -> None:
    status, headers, body = call("GET", "/openapi.json", headers={"accept-encoding": ["gzip"]})
    assert status == 200
    assert headers["content-encoding"] == ["gzip"]
    assert json.loads(gzip.decompress(body))["openapi"]


@pytest.mark.parametrize("kind", [rest, http_1, balancer_multi], ids=lambda kind: kind.__name__)
def test_a_header_that_was_sent_twice_is_two(
    handler: LambdaHandler, token: str, kind: MakeEvent
) -> None:
    call = Caller(handler, kind, token)
    sent = JSON | {"idempotency-key": ["one", "two"]}
    status, _, body = call("POST", "/orders", headers=sent, body=json.dumps(ORDER))
    # Joined they would be a good key.
    assert status == 422
    assert "dempotency-" in json.loads(body)["errors"][0]["pointer"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_headers_that_an_answer_has_twice_all_arrive(kind: MakeEvent) -> None:
    app = FastAPI()

    @app.get("/")
    async def links() -> Response:
        answer = Response()
        for target in ("</a>", "</b>"):
            answer.headers.append("link", target)
        return answer

    handler = LambdaHandler(app)
    event = kind("GET", "/", "", {}, {"body": None, "isBase64Encoded": False})
    answer = Caller(handler, kind).send(event)
    handler.close()
    assert ",".join(answer[1]["link"]) == "</a>,</b>"


def test_nobody_is_local_whatever_they_say(shared_url: str) -> None:
    handler = LambdaHandler(create_app(Settings.model_validate({"database_url": shared_url})))
    local = {"host": ["127.0.0.1"], "x-forwarded-for": [f"127.0.0.1, {STRANGER}"]}
    try:
        for kind in KINDS:
            status, _, _ = Caller(handler, kind)("GET", "/orders", headers=local)
            assert status == 401, kind.__name__
    finally:
        handler.close()


def test_a_query_that_is_no_utf_8_is_refused(handler: LambdaHandler, token: str) -> None:
    for kind in (function_url, balancer, balancer_multi):
        status, _, body = Caller(handler, kind, token)("GET", "/orders", "region=%FF")
        assert (status, json.loads(body)["errors"][0]["detail"]) == (422, "Is not UTF-8")


def test_an_event_of_something_else_fails_by_name(handler: LambdaHandler) -> None:
    with pytest.raises(RuntimeError, match="unable to infer a handler"):
        handler({"Records": [{"eventSource": "aws:sqs"}]}, None)  # type: ignore[arg-type]


def test_it_starts_once_and_keeps_its_threads(call: Caller) -> None:
    call("GET", "/health/live")
    before = {thread.ident for thread in threading.enumerate() if "group-commit" in thread.name}
    for _ in range(3):
        call("POST", "/orders", headers=JSON, body=json.dumps(ORDER))
    after = {thread.ident for thread in threading.enumerate() if "group-commit" in thread.name}
    assert before == after != set()


def test_connections_that_died_while_it_was_frozen_are_made_anew(
    call: Caller, shared_engine: Engine
) -> None:
    order = json.dumps(ORDER)
    _, _, created = call("POST", "/orders", headers=JSON, body=order)
    path = f"/orders/{json.loads(created)['id']}"
    for _ in range(2):
        with shared_engine.connect() as connection:
            ended = connection.execute(
                text("""SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()""")
            ).scalar_one()
        assert ended >= 2
        assert call("GET", path)[0] == 200
        assert call("POST", "/orders", headers=JSON, body=order)[0] == 201
        moved = call("PATCH", path, headers=JSON | {"if-match": ["*"]}, body='{"status": "paid"}')
        assert moved[0] in {200, 409}, moved


def test_a_start_that_fails_says_why_and_the_next_event_tries_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = LambdaHandler(create_app())
    call = Caller(handler, http_2)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DB_POOL_SIZE", "none")
    for _ in range(2):
        with pytest.raises(SettingsError, match=r"(?i)db_pool_size"):
            call("GET", "/health/ready")
    monkeypatch.setenv("DB_POOL_SIZE", "2")
    assert call("GET", "/health/ready")[0] == 200
    handler.close()


IN_LAMBDA = """
import json, os, sys
from orders_api.lambda_handler import handler
for event in json.loads(sys.argv[1]):
    print(json.dumps(handler(event, None)["statusCode"]), flush=True)
os._exit(0)
"""


def test_in_a_process_of_its_own_each_request_has_its_line_before_the_answer(
    database_url: str,
) -> None:
    nothing = {"body": None, "isBase64Encoded": False}
    event = function_url("GET", "/health/ready", "", {"host": ["tally.example"]}, nothing)
    ran = subprocess.run(
        [sys.executable, "-c", IN_LAMBDA, json.dumps([event, event])],
        env=os.environ | {"DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    told = [line if line == 200 else line["message"] for line in lines]
    assert told == ["GET /health/ready 200", 200] * 2
