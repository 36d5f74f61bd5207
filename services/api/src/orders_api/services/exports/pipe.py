"""From a thread that makes chunks to the event loop that sends them."""

import asyncio
import threading
from typing import Final

# Besides the one that is sent and the one that is made.
_AHEAD: Final = 2


class PipeClosedError(Exception):
    """Nobody reads any more."""


class Pipe:
    """A few chunks between one thread and the event loop on which it was made.

    The thread calls `put`, at last `end`; the event loop calls `get`, at last `close`.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes | BaseException] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self.closed = threading.Event()

    def put(self, chunk: bytes) -> None:
        """Hand over a chunk, once there is room for it.

        Raises:
            PipeClosedError: It was closed.
        """
        self.check()
        self._room.acquire()
        self.check()
        self._send(chunk)

    def check(self) -> None:
        """Return if somebody reads.

        Raises:
            PipeClosedError: It was closed.
        """
        if self.closed.is_set():
            raise PipeClosedError

    def end(self, error: BaseException | None = None) -> None:
        """Let `get` return nothing more, or raise this."""
        self._send(error or b"")

    async def get(self) -> bytes:
        """Return the next chunk; it is empty when there are no more.

        Raises:
            BaseException: What ended the thread.
        """
        chunk = await self._chunks.get()
        self._room.release()
        if isinstance(chunk, BaseException):
            raise chunk
        return chunk

    def close(self) -> None:
        """Let `put` raise, now too if it waits."""
        self.closed.set()
        self._room.release()

    def _send(self, chunk: bytes | BaseException) -> None:
        self._loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)
