"""HTTP as bytes, for what no client library would send."""

import json
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

PATIENCE_S = 60


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> str:
        """Return the kind of problem it is."""
        assert self.headers["content-type"] == "application/problem+json"
        found: dict[str, Any] = json.loads(self.body)
        assert found["status"] == self.status
        assert found["request_id"] == self.headers["x-request-id"]
        return str(found["type"]).removeprefix("/problems/")


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """Yield a connection to a port of this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as sock:
        yield sock


def read_answer(sock: socket.socket, method: str = "GET") -> Answer:
    """Read one answer; what comes behind it on the connection is lost."""
    response = HTTPResponse(sock, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def is_closed(sock: socket.socket) -> bool:
    """Wait until the peer closes, and tell that it sent nothing before."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def ask(port: int, *pieces: bytes) -> Answer:
    """Send pieces on a new connection and return the answer."""
    with connected(port) as sock:
        send_all(sock, pieces)
        return read_answer(sock)


def send_all(sock: socket.socket, pieces: Iterable[bytes]) -> int:
    """Send pieces until the peer will not have more; return how many bytes it took."""
    sent = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        for piece in pieces:
            sock.sendall(piece)
            sent += len(piece)
    return sent
