"""Rows of CSV as a Parquet file, a row group at a time."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

# Whichever comes first bounds a row group, and with it the memory.
_GROUP_ROWS: Final = 20_000
_GROUP_BYTES: Final = 4 * 2**20


def schema() -> "pa.Schema":
    """Return the columns of a file, in the order of the rows."""
    # A third of a second to import, and 40 MB: for whoever asks for Parquet.
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema(
        [
            ("id", pa.int64()),
            ("customer_id", pa.int64()),
            ("total_cents", pa.int64()),
            ("currency", pa.string()),
            ("exponent", pa.int32()),
            # The largest total is 10^15 units of a currency without decimals; the most are four.
            ("total", pa.decimal128(20, 4)),
            ("region", pa.string()),
            ("status", pa.string()),
            ("version", pa.int32()),
            ("created_at", pa.timestamp("us", "UTC")),
            ("updated_at", pa.timestamp("us", "UTC")),
            ("changed_by", pa.string()),
            ("trace_id", pa.string()),
            ("metadata", pa.string()),
        ]
    )


class ParquetFile:
    """A Parquet file that grows by what is written, compressed with zstd.

    Args:
        put: Takes the bytes of the file, in order.
    """

    def __init__(self, put: Callable[[bytes], None]) -> None:
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

        self._sink = _Sink(put)
        self._schema = schema()
        self._file = ParquetWriter(self._sink, self._schema, compression="zstd")
        self._begin_group()

    def write(self, row: bytes) -> None:
        """Take a row."""
        self._group += row
        self._rows += 1
        if self._rows >= _GROUP_ROWS or len(self._group) >= _GROUP_BYTES:
            self._end_group()

    def finish(self) -> None:
        """End the file: without its footer it is none."""
        if self._rows:
            self._end_group()
        self._file.close()
        self._sink.flush()

    def abandon(self) -> None:
        """Close the file where nobody sees it, or it would put out a footer in the end."""
        self._sink.abandon()
        self._file.close()

    def _begin_group(self) -> None:
        self._group = bytearray()
        self._rows = 0

    def _end_group(self) -> None:
        from pyarrow import csv, py_buffer  # noqa: PLC0415

        table = csv.read_csv(
            py_buffer(self._group),
            csv.ReadOptions(
                # One block: a row may be larger than those of its own choice.
                use_threads=False,
                block_size=len(self._group),
                column_names=self._schema.names,
            ),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                column_types=self._schema,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        self._begin_group()
        self._file.write_table(table, row_group_size=_GROUP_ROWS)
        self._sink.flush()


class _Sink(io.RawIOBase):
    """The file that pyarrow writes, gathered: it writes many small pieces."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        super().__init__()
        self._put = put
        self._gathered = bytearray()
        self._abandoned = False

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        with memoryview(piece) as view:
            if not self._abandoned:
                self._gathered += view
            return view.nbytes

    def flush(self) -> None:
        if self._gathered:
            chunk, self._gathered = bytes(self._gathered), bytearray()
            self._put(chunk)

    def abandon(self) -> None:
        self._abandoned = True
        self._gathered = bytearray()
