"""Lines on their way out. Nobody who logs waits for whoever reads."""

import os
from collections import deque
from collections.abc import Callable
from threading import Event, Thread
from time import sleep
from typing import Final

_GATHER_S: Final = 0.01
_RETRY_S: Final = 0.01
_MOST_AT_ONCE: Final = 500


class Output:
    """Writes lines to a file descriptor, in a thread of its own.

    A reader that is slow loses lines, and is told how many; one that is gone loses them all.

    Args:
        file: Where lines go.
        lost: Makes the line that tells how many were lost.
        most: How many lines may wait.
        gather_s: How long lines are gathered, to be written together.
    """

    def __init__(
        self,
        file: int,
        lost: Callable[[int], bytes],
        most: int = 10_000,
        gather_s: float = _GATHER_S,
    ) -> None:
        self._file = file
        self._lost_line = lost
        self._most = most
        self._gather_s = gather_s
        self._lost = 0
        self._waiting: deque[bytes | Event] = deque()
        self._wake = Event()
        self._hurry = Event()
        Thread(target=self._run, name="log-output", daemon=True).start()

    def write(self, line: bytes) -> None:
        """Take a line, with its line feed."""
        if len(self._waiting) >= self._most:
            self._lost += 1
            return
        self._waiting.append(line)
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, patience_s: float) -> bool:
        """Wait until all that was taken is written; tell whether it was, in so many seconds."""
        done = Event()
        self._waiting.append(done)
        self._hurry.set()
        self._wake.set()
        return done.wait(patience_s)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            # A thread that woke for every line would take the interpreter from the requests.
            self._hurry.wait(self._gather_s)
            self._wake.clear()
            self._hurry.clear()
            while self._waiting:
                self._write_some()

    def _write_some(self) -> None:
        lines: list[bytes] = []
        flushed: Event | None = None
        while self._waiting and len(lines) < _MOST_AT_ONCE and flushed is None:
            item = self._waiting.popleft()
            if isinstance(item, bytes):
                lines.append(item)
            else:
                flushed = item
        if self._lost:
            lines.append(self._lost_line(self._lost))
            self._lost = 0
        self._put(b"".join(lines))
        if flushed is not None:
            flushed.set()

    def _put(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._file, data) :]
            except BlockingIOError:
                sleep(_RETRY_S)
            except OSError:
                # The reader is gone, and this was the place to say so.
                return
