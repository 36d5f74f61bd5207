"""How the stack takes Ctrl-C and its relatives."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@contextmanager
def interruptible() -> Iterator[None]:
    """Make a polite end (SIGTERM, a closed terminal) the same as Ctrl-C: KeyboardInterrupt."""
    with _handling(signal.default_int_handler):
        yield


@contextmanager
def uninterruptible() -> Iterator[None]:
    """Let an impatient second Ctrl-C not keep us from stopping what we started."""
    with _handling(signal.SIG_IGN):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], Any] | signal.Handlers) -> Iterator[None]:
    before = {each: signal.signal(each, handler) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, earlier in before.items():
            signal.signal(each, earlier)
