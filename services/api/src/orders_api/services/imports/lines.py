"""Bytes cut into lines, with bounded memory."""

from collections.abc import Iterator
from typing import Final

MAX_LINE: Final = 2**16
"""The longest line that is read, in bytes."""

Line = tuple[int, bytes | None]
"""A line's number, from 1, and its bytes without the line feed; None if it was too long."""


class LineSplitter:
    """Cuts blocks into lines; of a line that is too long only its number is kept."""

    def __init__(self) -> None:
        self._number = 0
        self._rest = b""
        self._too_long = False

    def feed(self, block: bytes) -> Iterator[Line]:
        """Yield the lines that the block ends."""
        first, *others = block.split(b"\n")
        self._keep(first)
        if not others:
            return
        yield self._end()
        *whole, last = others
        for line in whole:
            self._number += 1
            yield self._number, line if len(line) <= MAX_LINE else None
        self._keep(last)

    def close(self) -> Iterator[Line]:
        """Yield the last line if no line feed ended it."""
        if self._rest or self._too_long:
            yield self._end()

    def _keep(self, part: bytes) -> None:
        self._rest += part
        if len(self._rest) > MAX_LINE:
            self._rest, self._too_long = b"", True

    def _end(self) -> Line:
        self._number += 1
        line = self._number, None if self._too_long else self._rest
        self._rest, self._too_long = b"", False
        return line
