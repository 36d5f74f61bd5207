"""What the function measures of loads and of reconciling."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from time import perf_counter

from load_orders.load import Load
from load_orders.receipt import total_cents
from load_orders.reconcile import RECEIPTS
from orders.metrics import Metrics
from orders.metrics.catalog import (
    LOAD_CENTS,
    LOAD_LAG_SECONDS,
    LOAD_ROWS,
    LOAD_SECONDS,
    RECEIPT_MISMATCHES,
)
from orders.problems import Conflict


@contextmanager
def handed_over(metrics: Metrics) -> Iterator[None]:
    """Hand over what the block has measured: the processor may stop with the answer."""
    try:
        yield
    finally:
        metrics.flush()


@contextmanager
def measured_load(metrics: Metrics) -> Iterator[Callable[[Load], None]]:
    """Measure a load; yields what is told of it when it is staged."""
    begun, outcome = perf_counter(), "failed"

    def staged(load: Load) -> None:
        nonlocal outcome
        outcome = "staged"
        metrics.add(LOAD_ROWS, load.row_count, (load.state,))
        metrics.add(LOAD_CENTS, total_cents(load.receipt), (load.state,))
        if load.state == "closed":
            metrics.set(LOAD_LAG_SECONDS, _lag_s(load))

    with handed_over(metrics):
        try:
            yield staged
        finally:
            metrics.record(LOAD_SECONDS, perf_counter() - begun, (outcome,))


@contextmanager
def measured_reconciling(metrics: Metrics) -> Iterator[None]:
    """Count the days whose receipts differ, if reconciling finds any."""
    with handed_over(metrics):
        try:
            yield
        except Conflict as found:
            checks = [difference["check"] for difference in found.extra["differences"]]
            metrics.add(RECEIPT_MISMATCHES, checks.count(RECEIPTS), ("reconcile",))
            raise


def _lag_s(load: Load) -> float:
    ended = datetime.combine(load.day + timedelta(days=1), time.min, UTC)
    return (load.extracted_at - ended).total_seconds()
