"""A TCP proxy that loses connections: cut at an exact byte, all at once, refused, gone silent."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

Direction = Literal["up", "down"]
"""up: from the client to the server; down: back."""
End = Literal["reset", "close"]
"""reset: at once, what is under way is lost (RST); close: in order (FIN)."""
Mode = Literal["forward", "refuse", "swallow"]
Moment = Literal["before", "after"]

_OTHER: Final[dict[Direction, Direction]] = {"up": "down", "down": "up"}
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing sends RST."""
_COMMIT: Final = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""As Postgres's protocol says it."""


class Link:
    """One connection through the proxy. All of it happens on the proxy's own thread."""

    def __init__(self, proxy: "TcpProxy", number: int) -> None:
        self.number = number
        self.passed: dict[Direction, int] = {"up": 0, "down": 0}
        self._proxy = proxy
        self._silent = False
        self._over = False
        # By the direction of what is written to them: what goes up, to the server's.
        self._ends: dict[Direction, asyncio.Transport] = {}

    def send(self, direction: Direction, data: bytes) -> None:
        """Forward data."""
        self.passed[direction] += len(data)
        self._ends[direction].write(data)

    def cut(self, how: End = "reset") -> None:
        """End the connection on both sides; counted, if it was there."""
        if not self._over:
            self._proxy.cuts += 1
            self.end(how)

    def swallow(self) -> None:
        """Forward nothing from now on, not even that a side leaves."""
        self._silent = True

    def came(self, direction: Direction, data: bytes) -> None:
        """Do with data what the proxy does now."""
        if self._proxy.mode == "swallow":
            self.swallow()
        if not self._silent and not self._over:
            self._proxy.watch(self, direction, data)

    def joined(self, direction: Direction, end: asyncio.Transport) -> None:
        """Take note of an end, to which data of this direction is written."""
        if self._over:
            end.abort()
        else:
            self._ends[direction] = end

    def left(self, direction: Direction) -> None:
        """Let the other end know that this one is gone."""
        self._ends.pop(direction, None)
        if not self._silent:
            self.end("close")
        if not self._ends:
            self._proxy.links.discard(self)

    def end(self, how: End) -> None:
        """End the connection on both sides."""
        self._over = True
        for end in self._ends.values():
            if how == "close":
                end.close()
                continue
            linger = (socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.get_extra_info("socket").setsockopt(*linger)
            end.abort()


class Watch(Protocol):
    """Decides what becomes of data: the link sends it, some of it, is cut, or nothing happens."""

    def __call__(self, link: Link, direction: Direction, data: bytes, /) -> None:
        """Deal with data that came."""


class RandomCuts:
    """Cuts every connection, each at a random byte of a direction: the same ones under a seed.

    Args:
        seed: Names the cuts.
        up: The most bytes that pass upwards.
        down: The most bytes that pass downwards.
    """

    def __init__(self, seed: int, *, up: int, down: int) -> None:
        self._seed = seed
        self._most: dict[Direction, int] = {"up": up, "down": down}

    def __call__(self, link: Link, direction: Direction, data: bytes, /) -> None:
        """Send data up to the byte where the link ends."""
        random = Random(f"{self._seed} {link.number}")
        where: Direction = random.choice(("up", "down"))
        how: End = random.choice(("reset", "close"))
        left = random.randint(0, self._most[where]) - link.passed[direction]
        if direction != where or left > len(data):
            link.send(direction, data)
            return
        link.send(direction, data[: max(left, 0)])
        link.cut(how)


class AtCommit:
    """Between a client and Postgres: a fault at the first COMMIT, or at its answer.

    What comes then is not forwarded.

    Args:
        moment: "before": when the COMMIT comes; "after": when its answer does.
        fault: What happens then, to this link.

    Attributes:
        commits: How many COMMITs have come.
        done: Whether the fault has happened.
    """

    def __init__(self, moment: Moment, fault: Callable[[Link], None]) -> None:
        self.commits = 0
        self.done = False
        self._direction: Direction = "up" if moment == "before" else "down"
        self._fault = fault
        self._committing: Link | None = None

    def __call__(self, link: Link, direction: Direction, data: bytes, /) -> None:
        if data.endswith(_COMMIT):
            self.commits += 1
            self._committing = self._committing or link
        if link is self._committing and direction == self._direction and not self.done:
            self.done = True
            self._fault(link)
        else:
            link.send(direction, data)


class TcpProxy:
    """Forwards connections; every method may be called from any thread.

    Attributes:
        url: Its URL, which leads to the upstream's.
        watch: Decides what becomes of data; runs on the proxy's thread, where it must not block.
        mode: "refuse" resets new connections as they come. "swallow" makes every connection
            silent for good on which something comes meanwhile.
        cuts: How many connections it has cut.
        links: The connections that there are.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.url = ""
        self.watch: Watch = Link.send
        self.mode: Mode = "forward"
        self.cuts = 0
        self.links: set[Link] = set()
        self._loop = loop
        self._numbers = count(1)

    def cut_all(self, how: End = "reset") -> None:
        """Cut all connections that there are."""
        self._loop.call_soon_threadsafe(self._cut_all, how)

    def link(self) -> Link:
        """Return a new link."""
        link = Link(self, next(self._numbers))
        self.links.add(link)
        return link

    def _cut_all(self, how: End) -> None:
        for link in [*self.links]:
            link.cut(how)


class _Side(asyncio.Protocol):
    """One end of a link: what comes here flows in `direction`."""

    def __init__(self, link: Link, direction: Direction) -> None:
        self._link = link
        self._direction = direction

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._link.joined(_OTHER[self._direction], transport)

    def data_received(self, data: bytes) -> None:
        self._link.came(self._direction, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._link.left(_OTHER[self._direction])


class _ClientSide(_Side):
    """The end towards a client, which is heard once the server's is there."""

    def __init__(self, proxy: TcpProxy, upstream: tuple[str, int]) -> None:
        super().__init__(proxy.link(), "up")
        self._proxy = proxy
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._connecting = asyncio.get_running_loop().create_task(self._connect(transport))

    async def _connect(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        if self._proxy.mode == "refuse":
            self._link.end("reset")
            return
        try:
            await loop.create_connection(lambda: _Side(self._link, "down"), *self._upstream)
        except OSError:
            self._link.end("reset")
        else:
            transport.resume_reading()


@contextmanager
def tcp_proxy(url: str) -> Iterator[TcpProxy]:
    """Yield a proxy in front of the host and port of a URL; a failure of its own is raised."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    upstream = (parts.hostname, parts.port)
    loop = asyncio.new_event_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    proxy = TcpProxy(loop)
    listen = loop.create_server(lambda: _ClientSide(proxy, upstream), "127.0.0.1", 0)
    server = loop.run_until_complete(listen)
    login, at, _ = parts.netloc.rpartition("@")
    port = server.sockets[0].getsockname()[1]
    proxy.url = parts._replace(netloc=f"{login}{at}127.0.0.1:{port}").geturl()
    thread = threading.Thread(target=loop.run_forever, name="tcp-proxy")
    thread.start()
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, proxy), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert not failures, failures


async def _end(server: asyncio.Server, proxy: TcpProxy) -> None:
    server.close()
    proxy.mode = "refuse"
    while proxy.links:
        for link in [*proxy.links]:
            link.end("reset")
        await asyncio.sleep(0)
    connecting = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*connecting)
