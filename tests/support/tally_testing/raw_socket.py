"""A WebSocket client that reads when a test wants it to."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from tally_testing.waiting import wait_until

TEXT: Final = 1
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
_TABLE: Final = Path("/proc/net/tcp")
_HANDSHAKE: Final = (
    "GET /orders/events/ws{query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class Queues(NamedTuple):
    """Bytes in the server's system: what the client has not taken, what the server has not read."""

    unsent: int
    unread: int


@contextmanager
def deaf_socket(port: int, query: str = "") -> Iterator[socket.socket]:
    """Yield a WebSocket that was opened and has read nothing, not even the answer."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        sock.settimeout(60)
        sock.connect(("127.0.0.1", port))
        sock.sendall(_HANDSHAKE.format(query=query).encode())
        yield sock


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Return a short frame as a client sends it; its mask is zero."""
    return bytes((opcode | (0x80 if fin else 0), 0x80 | len(payload))) + bytes(4) + payload


def frames(sock: socket.socket) -> list[tuple[int, bytes]]:
    """Read to the end; return the opcodes and payloads of what came behind the handshake."""
    sent = bytearray()
    with suppress(ConnectionResetError):
        while piece := sock.recv(2**20):
            sent += piece
    head, _, rest = bytes(sent).partition(b"\r\n\r\n")
    assert b" 101 " in head
    return list(_parsed(rest))


def _parsed(rest: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(rest):
        opcode, size = rest[at] & 0x0F, rest[at + 1]
        at += 2
        if size == 126:
            (size,) = struct.unpack_from("!H", rest, at)
            at += 2
        yield opcode, rest[at : at + size]
        at += size


def queues(sock: socket.socket) -> Queues:
    """Return what waits at the server's end of a connection."""
    mine, server = (f"0100007F:{name[1]:04X}" for name in (sock.getsockname(), sock.getpeername()))
    for row in _TABLE.read_text().splitlines()[1:]:
        fields = row.split()
        if fields[1:3] == [server, mine]:
            unsent, unread = fields[4].split(":")
            return Queues(int(unsent, 16), int(unread, 16))
    raise AssertionError("there is no such connection")


def wait_until_heard(sock: socket.socket) -> None:
    """Wait until the server has read all that was sent."""
    wait_until(lambda: queues(sock).unread == 0, "the server read it")


def wait_until_full(sock: socket.socket) -> None:
    """Wait until nothing more fits between the server and a client that does not read."""
    seen: list[int] = []

    def is_full() -> bool:
        seen.append(queues(sock).unsent)
        return len(seen) > 100 and min(seen[-100:]) == seen[-1] > 2**16

    wait_until(is_full, "it is full")
