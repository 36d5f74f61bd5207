"""The head of a request: it may be so large, and take so long."""

import json
from itertools import repeat

import pytest

from tally_testing.api_process import ApiProcess
from tally_testing.raw_http import ask, connected, is_closed, read_answer, send_all
from tally_testing.waiting import wait_until

START = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
MEBIBYTE = 2**20


def test_a_head_of_a_hundred_thousand_bytes_is_too_large(strict: ApiProcess) -> None:
    for head in (
        START + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        START + b"X: a\r\n" * 20_000 + b"\r\n",
        b"GET /?" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ):
        answer = ask(strict.port, head)
        assert (answer.status, answer.problem()) == (431, "header-too-large")
        assert answer.headers["connection"] == "close"


def test_a_head_below_the_limit_is_taken_however_it_is_cut(strict: ApiProcess) -> None:
    head = START + b"X: " + b"a" * 60_000 + b"\r\nConnection: close\r\n\r\n"
    assert ask(strict.port, head).status == 200
    pieces = [head[place : place + 1_000] for place in range(0, len(head), 1_000)]
    assert ask(strict.port, *pieces).status == 200


def test_a_head_without_an_end_takes_no_memory(strict: ApiProcess) -> None:
    before = strict.memory()
    for line in (b"X: " + b"a" * 65_536 + b"\r\n", b"a" * 65_536):
        with connected(strict.port) as sock:
            sent = send_all(sock, [START, *repeat(line, 8_000)])
            assert sent < 200 * MEBIBYTE
            assert read_answer(sock).status == 431
    assert strict.memory() - before < 30 * MEBIBYTE


def test_trailers_without_an_end_are_a_head_too_large(strict: ApiProcess) -> None:
    before = strict.memory()
    head = (
        b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n"
    )
    with connected(strict.port) as sock:
        send_all(sock, [head, *repeat(b"X: " + b"a" * 65_536 + b"\r\n", 1_000)])
        assert read_answer(sock).problem() == "header-too-large"
    assert strict.memory() - before < 30 * MEBIBYTE


@pytest.mark.parametrize("beginning", [b"G", b"GET / HTTP/1.1\r\n", START])
def test_a_head_that_does_not_arrive_is_timed_out(strict: ApiProcess, beginning: bytes) -> None:
    with connected(strict.port) as sock:
        sock.sendall(beginning)
        answer = read_answer(sock)
        assert (answer.status, answer.problem()) == (408, "request-timeout")
        assert answer.headers["connection"] == "close"
        assert is_closed(sock)


def test_a_head_that_drips_is_timed_out_all_the_same(strict: ApiProcess) -> None:
    with connected(strict.port) as sock:
        sock.sendall(START)
        # It ends only when the server has had enough.
        wait_until(lambda: not send_all(sock, [b"X: y\r\n"]), "the server closed the connection")


def test_the_head_of_a_second_request_is_timed_out_too(strict: ApiProcess) -> None:
    with connected(strict.port) as sock:
        sock.sendall(START + b"\r\n")
        assert read_answer(sock).status == 200
        sock.sendall(START)
        assert read_answer(sock).problem() == "request-timeout"


def test_a_connection_that_says_nothing_is_closed(strict: ApiProcess) -> None:
    with connected(strict.port) as sock:
        assert is_closed(sock)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"NONSENSE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        START + b"Content-Length: many\r\n\r\n",
        START + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        START + b"Transfer-Encoding: gzip\r\n\r\n",
        START + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        START + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
        START + b"X: a\x00b\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_bad_request(strict: ApiProcess, sent: bytes) -> None:
    answer = ask(strict.port, sent)
    assert (answer.status, answer.problem()) == (400, "bad-request")
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (b"GET /health/live HTTP/1.1\r\n\r\n", "one Host header"),
        (b"GET /health/live HTTP/1.1\r\nHost:\r\n\r\n", "one Host header"),
        (START + b"Host: localhost\r\n\r\n", "one Host header"),
        (START + b"HOST: example.com\r\n\r\n", "one Host header"),
        (START.replace(b"1.1", b"1.0") + b"Host: localhost\r\n\r\n", "one Host header"),
        (START.replace(b"1.1", b"0.9") + b"\r\n", "version"),
        (START.replace(b"1.1", b"2.0") + b"\r\n", "version"),
        (START + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding"),
        (
            START + b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding",
        ),
        (
            START.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding",
        ),
    ],
)
def test_what_a_proxy_may_read_otherwise_is_a_bad_request(
    strict: ApiProcess, sent: bytes, detail: str
) -> None:
    answer = ask(strict.port, sent)
    assert (answer.status, answer.problem()) == (400, "bad-request")
    assert detail in json.loads(answer.body)["detail"]
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health/live HTTP/1.0\r\n\r\n",
        START.replace(b"1.1", b"1.0") + b"\r\n",
        START + b"Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_old_but_plain_heads_are_taken(strict: ApiProcess, sent: bytes) -> None:
    assert ask(strict.port, sent).status == 200


def test_what_is_no_request_has_a_line_in_the_log(strict: ApiProcess) -> None:
    request_id = json.loads(ask(strict.port, b"nonsense\r\n\r\n").body)["request_id"]
    wait_until(lambda: request_id in strict.log.read_text(), "its line was written")


def test_requests_sent_together_are_answered_in_their_order(strict: ApiProcess) -> None:
    with connected(strict.port) as sock:
        sock.sendall(START + b"\r\n" + START + b"\r\n" + b"nonsense\r\n\r\n")
        everything = b""
        while piece := sock.recv(65_536):
            everything += piece
    # The connection ends behind the answers: what came after them was no request.
    assert everything.count(b"HTTP/1.1 200 OK") == 2


def test_an_upgrade_that_is_offered_is_not_taken(strict: ApiProcess) -> None:
    offer = START + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert ask(strict.port, offer).status == 200
