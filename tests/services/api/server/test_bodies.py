"""The body of a request: it may pause for so long; nobody reads what nobody wants."""

import json
import subprocess
from itertools import repeat
from pathlib import Path

from tally_testing.api_process import ApiProcess
from tally_testing.raw_http import ask, connected, is_closed, read_answer, send_all

HEAD = b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ORDER = b'{"customer_id": 42, "total_cents": 1999}'
CHUNK = b"%x\r\n%b\r\n" % (2**16, b" " * 2**16)
GIBIBYTE = 2**30
MEBIBYTE = 2**20


def test_a_body_that_pauses_is_timed_out(strict: ApiProcess) -> None:
    for start in (HEAD + b"Content-Length: 100\r\n\r\n", CHUNKED, CHUNKED + b"5\r\n{"):
        with connected(strict.port) as sock:
            sock.sendall(start)
            answer = read_answer(sock)
            assert (answer.status, answer.problem()) == (408, "request-timeout")
            assert answer.headers["connection"] == "close"
            assert is_closed(sock)


def test_an_import_that_pauses_is_timed_out_and_imports_nothing(strict: ApiProcess) -> None:
    start = CHUNKED.replace(b"/orders ", b"/orders:import ").replace(b"json", b"x-ndjson")
    line = ORDER + b"\n"
    answer = ask(strict.port, start + b"%x\r\n%b\r\n" % (len(line), line))
    assert answer.problem() == "request-timeout"


def test_a_gibibyte_in_chunks_is_refused_and_not_read(strict: ApiProcess) -> None:
    before = strict.memory()
    with connected(strict.port) as sock:
        sent = send_all(sock, [CHUNKED, *repeat(CHUNK, GIBIBYTE // len(CHUNK))])
        answer = read_answer(sock)
    assert (answer.status, answer.problem()) == (413, "too-large")
    assert answer.headers["connection"] == "close"
    assert sent < GIBIBYTE // 4
    assert strict.memory() - before < 30 * MEBIBYTE


def test_a_client_sees_why_its_body_is_refused_while_it_sends(
    strict: ApiProcess, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(100 * MEBIBYTE)
    for form in ("Transfer-Encoding: chunked", "Expect:"):
        command = [
            "curl",
            "--silent",
            "--show-error",
            "--request",
            "POST",
            "--upload-file",
            str(large),
        ]
        command += ["--header", form, "--header", "Content-Type: application/json"]
        done = subprocess.run(
            [*command, f"{strict.url}/orders"], capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout)["type"] == "/problems/too-large"


def test_a_small_body_that_nobody_wants_costs_no_connection(strict: ApiProcess) -> None:
    with connected(strict.port) as sock:
        sock.sendall(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
        assert read_answer(sock).status == 404
        sock.sendall(b"0123456789" + HEAD + b"Content-Length: %d\r\n\r\n" % len(ORDER) + ORDER)
        assert read_answer(sock).status == 201


def test_a_small_body_that_nobody_wants_must_come_all_the_same(strict: ApiProcess) -> None:
    with connected(strict.port) as sock:
        sock.sendall(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
        assert read_answer(sock).status == 404
        assert is_closed(sock)


def test_a_chunk_that_is_none_is_a_bad_request(strict: ApiProcess) -> None:
    answer = ask(strict.port, CHUNKED, b"zz\r\n")
    assert (answer.status, answer.problem()) == (400, "bad-request")


def test_a_client_that_waits_for_permission_is_given_it(strict: ApiProcess) -> None:
    head = HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(ORDER)
    with connected(strict.port) as sock:
        sock.sendall(head)
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(ORDER)
        assert read_answer(sock).status == 201
