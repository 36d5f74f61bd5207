"""The runner's patience with the function, and what it makes of its refusals."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tally_local.errors import NotReconciledError, UserError
from tally_local.runner import Load, _call

Answer = tuple[int, dict[str, Any], dict[str, str]]
NOT_CLOSED: Answer = (409, {"detail": "the day is not closed yet"}, {"Retry-After": "0"})
AWAY: Answer = (503, {"detail": "Postgres is away"}, {"Retry-After": "0"})
DONE: Answer = (200, {"done": True}, {})


@pytest.fixture
def function() -> Iterator[Callable[..., str]]:
    """Starts a server that gives these answers, one after the other; returns its URL."""
    servers: list[HTTPServer] = []

    def serve(*answers: Answer) -> str:
        left = iter(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body, headers = next(left)
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(content))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: object) -> None:
                """Keep the test's output clean."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_it_comes_back_until_the_day_is_loaded(function: Callable[..., str]) -> None:
    assert _call(function(NOT_CLOSED, AWAY, NOT_CLOSED, DONE), {}, 30) == {"done": True}


def test_it_gives_up_when_its_patience_ends(function: Callable[..., str]) -> None:
    slow = (409, {"detail": "the day is not closed yet"}, {"Retry-After": "60"})
    with pytest.raises(UserError, match=r"gave up.*not closed yet"):
        _call(function(slow), {}, 0.5)


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"detail": "2999-01-01 lies in the future"}, {}),
        (500, {"detail": "unexpected"}, {}),
        (409, {"detail": "not closed yet", "ends": "2999-01-01T00:00:00Z"}, {"Retry-After": "60"}),
    ],
)
def test_what_will_not_pass_is_told_at_once(function: Callable[..., str], answer: Answer) -> None:
    with pytest.raises(UserError, match=answer[1]["detail"]):
        _call(function(answer), {}, 600)


def test_differences_are_told_one_by_one(function: Callable[..., str]) -> None:
    differing = [{"check": "receipt", "day": "2026-11-19", "ids": [7]}, {"check": "sales"}]
    answer: Answer = (409, {"detail": "2 differences", "differences": differing}, {})
    with pytest.raises(NotReconciledError) as caught:
        _call(function(answer), {}, 600)
    assert [json.loads(each) for each in caught.value.differences] == differing


def test_a_function_that_is_away_is_a_clear_error() -> None:
    with pytest.raises(UserError, match="does not answer"):
        _call("http://127.0.0.1:9", {}, 600)


def test_an_answer_becomes_the_parameters_of_the_publication() -> None:
    load = Load.from_answer(
        {
            "day": "2026-11-19",
            "state": "closed",
            "load_id": "2026-11-19-abc-1",
            "receipt": "v1:0:0:0",
            "row_count": 0,
            "last_change_id": 0,
            "affected_days": ["2026-11-18"],
            "job_ids": [],
            "extracted_at": "2026-11-20T02:00:00.000001Z",
        }
    )
    assert load.affected_days[0].isoformat() == "2026-11-18"
    assert load.extracted_at.isoformat() == "2026-11-20T02:00:00.000001+00:00"
