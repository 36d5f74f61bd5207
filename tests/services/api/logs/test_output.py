"""Lines on their way out: a reader that is slow or gone keeps nobody."""

import os
from collections.abc import Iterator

import pytest

from orders_api.logs.output import Output
from tally_testing.waiting import wait_until


def lost(count: int) -> bytes:
    return f"lost {count}\n".encode()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """What is read from, and what is written to."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def read(reading: int, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += os.read(reading, 2**16)
    return data


def test_lines_come_out_in_their_order(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1], lost)
    lines = [b"%d\n" % number for number in range(2_000)]
    for line in lines:
        output.write(line)
    assert output.flush(60)
    assert read(pipe[0], len(b"".join(lines))) == b"".join(lines)


def test_whoever_flushes_waits_for_no_more_lines(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1], lost, gather_s=3_600)
    for line in (b"first\n", b"second\n"):
        output.write(line)
        assert output.flush(60)
        assert read(pipe[0], len(line)) == line


def test_a_reader_that_is_slow_loses_lines_and_is_told_how_many(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1], lost, most=10)
    line = b"x" * 2**17 + b"\n"
    output.write(line)
    # More than a pipe holds: the writer waits, and so do these.
    wait_until(lambda: not output._waiting, "the first is being written")
    for _ in range(15):
        output.write(b"y\n")
    assert not output.flush(0.01)
    expected = line + b"y\n" * 10 + b"lost 5\n"
    assert read(pipe[0], len(expected)) == expected
    output.write(b"and on\n")
    assert read(pipe[0], 7) == b"and on\n"


def test_a_reader_that_is_gone_keeps_nobody() -> None:
    reading, writing = os.pipe()
    output = Output(writing, lost)
    os.close(reading)
    for _ in range(100):
        output.write(b"x\n")
    assert output.flush(60)
    os.close(writing)
    output.write(b"x\n")
    assert output.flush(60)


def test_a_terminal_that_cannot_take_more_now_gets_the_rest_later(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    output = Output(pipe[1], lost)
    data = b"x" * 2**18 + b"\n"
    output.write(data)
    assert not output.flush(0.05)
    assert read(pipe[0], len(data)) == data
