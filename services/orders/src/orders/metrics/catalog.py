"""All that Tally measures; docs/metrics.md says how to read it."""

from typing import Final

from orders.metrics.instruments import Counter, Gauge, Histogram, Instrument

_ORDER: Final = ("region", "status", "currency")
_REQUEST: Final = ("method", "status", "path")
_MS: Final = (1.0, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)
_CENTS: Final = (100.0, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1e6, 1e7)
_BATCH: Final = (1.0, 2, 5, 10, 20, 50, 100, 200, 500)
_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800)

ORDERS_CREATED: Final = Counter("tally.orders.created", "Orders that were committed.", _ORDER)
ORDER_TOTAL_CENTS: Final = Histogram(
    "tally.orders.total_cents", "Their totals, minor units of their currency.", _ORDER, _CENTS
)
HTTP_REQUESTS: Final = Counter("tally.http.requests", "Requests that were answered.", _REQUEST)
HTTP_DURATION_MS: Final = Histogram(
    "tally.http.request.duration_ms", "Until the end of the answer, ms.", _REQUEST, _MS
)
WRITER_BATCH_SIZE: Final = Histogram(
    "tally.writer.batch_size",
    "Requests of one transaction, also of one that failed.",
    ("writer",),
    _BATCH,
)
WRITER_QUEUE_DEPTH: Final = Gauge(
    "tally.writer.queue_depth", "Requests that wait to be written.", ("writer",)
)
POOL_IN_USE: Final = Gauge("tally.pool.in_use", "Connections of the pool that are in use.")
POOL_SIZE: Final = Gauge("tally.pool.size", "Connections that the pool may have.")
LOAD_ROWS: Final = Counter("tally.load.rows", "Changes that loads have staged.", ("state",))
LOAD_CENTS: Final = Counter("tally.load.cents", "Sum of their total_cents.", ("state",))
LOAD_SECONDS: Final = Histogram(
    "tally.load.seconds", "How long a load took, seconds.", ("outcome",), _SECONDS
)
LOAD_LAG_SECONDS: Final = Gauge(
    "tally.load.lag_seconds", "From the end of the day last loaded to its load, seconds."
)
RECEIPT_MISMATCHES: Final = Counter(
    "tally.load.receipt_mismatches", "Receipts that are not as Postgres says.", ("check",)
)
MAINTAIN_DELETED: Final = Counter(
    "tally.maintain.deleted", "Rows that housekeeping has deleted.", ("table",)
)

ALL: Final[tuple[Instrument, ...]] = (
    ORDERS_CREATED,
    ORDER_TOTAL_CENTS,
    HTTP_REQUESTS,
    HTTP_DURATION_MS,
    WRITER_BATCH_SIZE,
    WRITER_QUEUE_DEPTH,
    POOL_IN_USE,
    POOL_SIZE,
    LOAD_ROWS,
    LOAD_CENTS,
    LOAD_SECONDS,
    LOAD_LAG_SECONDS,
    RECEIPT_MISMATCHES,
    MAINTAIN_DELETED,
)
