"""A lock that goes with its process: the system frees it even when the process is killed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockedError(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of this file, which is made when missing.

    Raises:
        LockedError: Another process holds it.
        OSError: The file cannot be opened.
    """
    with path.open("ab") as file:
        try:
            _try_lock(file)
        except OSError as error:
            raise LockedError(path) from error
        yield
