"""What follows the change log: one thread and one connection an instance."""

import logging
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from threading import Thread
from typing import Final, NamedTuple

from pg8000.exceptions import Error as DriverError

from orders.engine import Connect
from orders.finality import LAST_CHANGE_ID, SNAPSHOT_XMIN, TRANSACTION_ID
from orders_api.clients.listening import Listener
from orders_api.services.feed.events import Event, read

_log = logging.getLogger(__name__)
_CHANNEL: Final = "order_changes"
_SILENCE_S: Final = 35.0
_PAGE: Final = 500
# Between two looks: what is written meanwhile comes together, at a fraction of the cost.
_GATHER_S: Final = 0.02
_SLOWER: Final = 1.5
# The event loop that takes what is published may be gone: then the thread is told to stop.
_CHECK_S: Final = 0.5

Publish = Callable[[int, Sequence[Event], int], "Future[None]"]
"""Takes all the changes behind one change_id and up to another, both final; says when it has."""


class Stopped(Exception):  # noqa: N818  no error: the thread is to end
    """The reader is to end."""


class Step(NamedTuple):
    """How long to wait, and then how long."""

    seconds: float
    last: float

    def next(self) -> "Step":
        """Return the next, longer one."""
        return Step(min(self.seconds * _SLOWER, self.last), self.last)


_LOOK: Final = Step(0.002, 0.25)
_RETRY: Final = Step(0.1, 5.0)


class Reader:
    """Publishes every change once it is final, from what is final when it begins.

    After any failure a connection is made anew, and reading goes on where it ended.

    Args:
        connect: Makes the connection.
        publish: Is called in the reader's thread: first without changes, and again
            with the same ones when that failed.
        poll_s: How often to look when no notification comes.
    """

    def __init__(self, connect: Connect, publish: Publish, poll_s: float) -> None:
        self._connect = connect
        self._publish = publish
        self._poll_s = poll_s
        self._final: int | None = None
        self._waker, self._wake = socket.socketpair()
        self._stopping = False
        self._retry = _RETRY
        # Whatever it waits for, the process can end.
        self._thread = Thread(target=self._run, name="feed-reader", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let it end soon."""
        if not self._stopping:
            self._stopping = True
            self._wake.send(b"\0")

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, so long at most; tell whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while True:
                try:
                    self._follow()
                except Stopped:
                    raise
                except (DriverError, OSError) as error:
                    _log.warning("the feed has no database, and tries again: %r", error)
                except Exception:  # noqa: BLE001  else clients would wait for ever, and nobody tell
                    _log.exception("the feed failed, and tries again")
                self._pause(self._retry.seconds)
                self._retry = self._retry.next()
        except Stopped:
            return
        finally:
            self._waker.close()
            self._wake.close()

    def _follow(self) -> None:
        """Publish what becomes final, until the connection is lost."""
        listener = Listener(self._connect, _CHANNEL, _SILENCE_S, self._waker)
        try:
            while True:
                last = int(listener.command(LAST_CHANGE_ID)[0][0])
                if self._final is None or last > self._final:
                    self._wait_until_final(listener)
                    self._publish_up_to(listener, last)
                    self._pause(_GATHER_S)
                self._check()
                self._retry = _RETRY
                listener.wait(self._poll_s)
        finally:
            listener.close()

    def _wait_until_final(self, listener: Listener) -> None:
        """Wait until whoever was given a change_id before this was called has ended."""
        own = int(listener.command(TRANSACTION_ID)[0][0])
        look = _LOOK
        while int(listener.command(SNAPSHOT_XMIN)[0][0]) < own:
            self._pause(look.seconds)
            look = look.next()

    def _publish_up_to(self, listener: Listener, last: int) -> None:
        final = self._final
        if final is None:
            final = self._hand_over(last, (), last)
        while final < last:
            events = read(listener, final, last, _PAGE)
            up_to = events[-1].id if len(events) == _PAGE else last
            final = self._hand_over(final, events, up_to)

    def _hand_over(self, after: int, events: Sequence[Event], final: int) -> int:
        """Publish, and return how far that is now."""
        taken = self._publish(after, events, final)
        while not wait([taken], _CHECK_S).done:
            self._check()
        taken.result()
        self._final = final
        return final

    def _pause(self, seconds: float) -> None:
        """Wait, unless it is to end.

        Raises:
            Stopped: It is to end.
        """
        self._waker.settimeout(seconds)
        try:
            self._waker.recv(1)
        except TimeoutError:
            return
        raise Stopped

    def _check(self) -> None:
        if self._stopping:
            raise Stopped
