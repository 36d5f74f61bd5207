"""One form for every line: of requests, of libraries, of warnings, of errors nobody caught."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, text

from orders_api.logs.lines import console
from tally_testing.api_process import api_process
from tally_testing.raw_http import connected, read_answer
from tally_testing.waiting import wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
ORDER = {"customer_id": 42, "total_cents": 1999}

EVERYTHING = """
import logging, threading, warnings
from orders_api import logs
from orders_api.settings import Settings
import structlog

logs.configure(Settings.model_validate({"log_format": FORMAT}))
logging.getLogger("a.library").warning("said %s", "something")
structlog.get_logger("ours").info("counted", orders=3)
warnings.warn("old ways", stacklevel=1)
logging.getLogger("broken").info("%d", "no number")
logging.getLogger("surrogates").info("\\udc80")
def fail():
    raise LookupError("in a thread")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
raise LookupError("at last")
"""


def run_everything(form: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    script = EVERYTHING.replace("FORMAT", repr(form))
    return subprocess.run(
        [sys.executable, "-c", script], text=True, check=False, timeout=120, **options
    )


def test_whatever_is_logged_is_one_line_of_json() -> None:
    done = run_everything("json", capture_output=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    told = [(line["severity"], line["message"]) for line in lines]
    assert told[:2] == [("WARNING", "said something"), ("INFO", "counted")]
    assert lines[1]["orders"] == 3
    assert told[2][0] == "WARNING"
    assert "old ways" in told[2][1]
    assert told[3:] == [
        ("ERROR", "a line of broken, line 11, could not be written"),
        ("INFO", "\udc80"),
        ("CRITICAL", "an error that nobody caught ended a thread"),
        ("CRITICAL", "an error that nobody caught"),
    ]
    assert lines[-2]["stack_trace"].endswith("LookupError: in a thread")
    assert lines[-1]["stack_trace"].startswith("Traceback (most recent call last):\n")
    assert all(line["time"] for line in lines)


def test_on_a_terminal_lines_are_for_people() -> None:
    done = run_everything("console", capture_output=True)
    assert "said something" in done.stdout
    assert "orders=3" in done.stdout
    assert "\nLookupError: at last\n" in done.stdout
    assert "{" not in done.stdout.partition("Traceback")[0]


def test_on_a_terminal_nobody_forges_a_line_or_moves_the_cursor() -> None:
    forged = "\x1b[2J\r\n12:00:00.000 [info] forged \x9b1A\u2028\u202e\x7f"
    shown = r"\x1b[2J\r\n12:00:00.000 [info] forged \x9b1A\u2028\u202e\x7f"
    event = {"severity": "INFO", "message": forged, "short": "\x1b[2J", "list": [forged], forged: 1}
    traced = "\n".join(("Traceback", forged.replace("\n", ""), "LookupError"))
    rendered = console(colors=False)({**event, "stack_trace": traced}).decode()
    line, *trace = rendered.removesuffix("\n").split("\n")
    assert line.count(shown) == 3
    assert r"short=\x1b[2J" in line
    assert trace == ["Traceback", shown.replace(r"\n", ""), "LookupError"]
    assert rendered.replace("\n", "").isprintable()


def test_without_anybody_who_reads_it_goes_on() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_everything("json", stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_with_its_output_closed_it_goes_on() -> None:
    script = EVERYTHING.replace("FORMAT", "'json'")
    command = 'exec "$0" -c "$1" >&-'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, script],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (1, "")


def test_a_request_has_its_line_with_its_caller_and_its_trace(
    database_url: str, tmp_path: Path
) -> None:
    with api_process(database_url, tmp_path, google_cloud_project="shop") as api:
        for path in ("/orders", "/v1/orders"):
            sent = TRACEPARENT | {"x-request-id": f"of{path.replace('/', '-')}"}
            created = httpx.post(f"{api.url}{path}", json=ORDER, headers=sent)
            assert created.status_code == 201
        httpx.head(f"{api.url}{created.headers['location']}")
        httpx.get(f"{api.url}/secret/place?secret=1")
        wait_until(lambda: "unmatched" in api.log.read_text(), "the last line was written")
    *_, first, second, head, unmatched = api.lines()
    assert isinstance(first.pop("duration_ms"), float)
    assert first.pop("time")
    assert first == {
        "severity": "INFO",
        "message": "POST /orders 201",
        "method": "POST",
        "route": "/orders",
        "status": 201,
        "size": len(created.content),
        "request_id": "of-orders",
        "caller": "anonymous",
        "logging.googleapis.com/trace": f"projects/shop/traces/{TRACE}",
        "logging.googleapis.com/spanId": SPAN,
    }
    assert second["route"] == "/v1/orders"
    assert (head["method"], head["route"]) == ("HEAD", "/v1/orders/{order_id}")
    assert unmatched["message"] == "GET unmatched 404"
    assert "secret" not in json.dumps(unmatched)


def test_a_fault_has_its_stack_trace_and_its_request_in_one_line(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE items RENAME COLUMN name TO other"))
    with api_process(database_url, tmp_path) as api:
        sent = TRACEPARENT | {"x-request-id": "the-one"}
        assert httpx.get(f"{api.url}/items", headers=sent).status_code == 500
        wait_until(lambda: "GET /items 500" in api.log.read_text(), "the last line was written")
    fault, answered = api.lines()[-2:]
    assert fault["message"] == "request the-one failed unexpectedly"
    assert fault["stack_trace"].startswith("Traceback")
    for line in (fault, answered):
        assert (line["severity"], line["request_id"]) == ("ERROR", "the-one")
        assert line["logging.googleapis.com/trace"] == TRACE


def test_at_warning_only_failures_have_a_line(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE items RENAME COLUMN name TO other"))
    with api_process(database_url, tmp_path, log_level="warning") as api:
        httpx.get(f"{api.url}/orders")
        httpx.get(f"{api.url}/items")
        wait_until(lambda: "GET /items 500" in api.log.read_text(), "the last line was written")
    assert {line["severity"] for line in api.lines()} == {"ERROR"}


def test_a_reader_that_stops_reading_stops_no_request(database_url: str, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        with (
            api_process(database_url, tmp_path, out=writing) as api,
            connected(api.port) as sock,
        ):
            for _ in range(1_000):
                sock.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert read_answer(sock).status == 200
    finally:
        os.close(reading)
        os.close(writing)
