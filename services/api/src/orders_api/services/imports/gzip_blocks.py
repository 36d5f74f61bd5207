"""Content-Encoding undone in blocks of bounded size, however far a byte expands."""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from orders.problems import BadRequest

_BLOCK: Final = 2**18
_GZIP: Final = 31


class Decoder(Protocol):
    """Undoes a Content-Encoding as the body arrives."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the data stands for, in blocks."""

    def close(self) -> None:
        """Check that the body was whole."""


class Identity:
    """A body that is not encoded."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the data."""
        yield data

    def close(self) -> None:
        """Accept any end."""


class Gunzip:
    """A gzip body of one or more members; zeros may follow each."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed data, a bounded block at a time.

        Raises:
            BadRequest: It is not gzip.
        """
        while data:
            if self._member.eof:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member = zlib.decompressobj(_GZIP)
            try:
                block = self._member.decompress(data, _BLOCK)
            except zlib.error as error:
                raise _corrupt("The body is not gzip, or is damaged") from error
            data = self._member.unconsumed_tail or self._member.unused_data
            if block:
                yield block

    def close(self) -> None:
        """Check that the last member ended.

        Raises:
            BadRequest: The body is empty or was cut short.
        """
        if not self._member.eof:
            raise _corrupt("The gzip body is empty or cut short")


def _corrupt(what: str) -> BadRequest:
    return BadRequest(f"{what}; nothing was imported.", slug="corrupt-gzip")
