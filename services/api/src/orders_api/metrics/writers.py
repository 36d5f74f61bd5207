"""What is seen of writers and of the pool."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, QueuePool

from orders.metrics import NO_METRICS, Metrics
from orders.metrics.catalog import POOL_IN_USE, POOL_SIZE, WRITER_BATCH_SIZE, WRITER_QUEUE_DEPTH
from orders_api.clients.group_commit import Batch, GroupCommit, Observer


def _ignore(_batch: Batch) -> None:
    """Nobody wants to know."""


def observing(metrics: Metrics, writer: str, count: Observer = _ignore) -> Observer:
    """Return what takes note of the batches of a writer, and has what is in them counted."""
    if metrics is NO_METRICS:
        return _ignore
    tags = (writer,)

    def observe(batch: Batch) -> None:
        metrics.record(WRITER_BATCH_SIZE, len(batch.requests), tags)
        count(batch)

    return observe


def watch(metrics: Metrics, engine: Engine, writers: Mapping[str, GroupCommit[Any, Any]]) -> None:
    """Let the pool and the queues of writers be looked at now and then."""
    for name, writer in writers.items():
        metrics.watch(WRITER_QUEUE_DEPTH, _depth(writer), (name,))
    if isinstance(engine.pool, QueuePool):
        metrics.watch(POOL_IN_USE, engine.pool.checkedout)
        metrics.watch(POOL_SIZE, engine.pool.size)


def _depth(writer: GroupCommit[Any, Any]) -> Callable[[], float]:
    return lambda: writer.queued
