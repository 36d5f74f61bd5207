"""Orders that are committed, counted once each."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

from orders.metrics import NO_METRICS, Metrics
from orders.metrics.catalog import ORDER_TOTAL_CENTS, ORDERS_CREATED
from orders.metrics.instruments import Tags
from orders.metrics.sample import Sample
from orders_api.clients.group_commit import Batch
from orders_api.metrics.bounded import Bounded
from orders_api.schemas.order import ImportedOrder, OrderFields
from orders_api.services.order_creation import Created

_REGIONS: Final = 50
_CURRENCIES: Final = 20


class ImportedOrders:
    """The orders of an import by their tags, however many they are; one thread at once.

    Args:
        tags: Makes them.
        measured: Whether anybody wants to know.
    """

    def __init__(self, tags: "OrderTags", *, measured: bool) -> None:
        self.add: Callable[[ImportedOrder], None] = self._add if measured else _ignore
        """Takes an order."""
        self._tags = tags
        self._samples: defaultdict[Tags, Sample] = defaultdict(Sample)

    def count(self, metrics: Metrics) -> None:
        """Say that all of them are committed."""
        for tags, sample in self._samples.items():
            metrics.add(ORDERS_CREATED, sample.count, tags)
            metrics.record_many(ORDER_TOTAL_CENTS, sample, tags)

    def _add(self, order: ImportedOrder) -> None:
        self._samples[self._tags(order)].add(order.total_cents)


def _ignore(_order: ImportedOrder) -> None:
    """Nobody wants to know."""


class OrderTags:
    """Makes tags of an order: its region, status and currency."""

    def __init__(self) -> None:
        self._region = Bounded(_REGIONS)
        self._currency = Bounded(_CURRENCIES)

    def __call__(self, order: OrderFields) -> Tags:
        """Return the tags of an order."""
        return self._region(order.region), order.status.value, self._currency(order.currency)


class OrderMetrics:
    """Counts orders.

    Args:
        metrics: Where they are counted.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._tags = OrderTags()

    def count_created(self, batch: Batch) -> None:
        """Count the orders that a batch created; those that earlier requests did are no more."""
        for request, outcome in zip(batch.requests, batch.outcomes, strict=True):
            if isinstance(outcome, Created) and not outcome.replayed:
                order = request.order
                tags = self._tags(order)
                self._metrics.add(ORDERS_CREATED, 1, tags)
                self._metrics.record(ORDER_TOTAL_CENTS, order.total_cents, tags)

    def importing(self) -> ImportedOrders:
        """Return what takes the orders of an import, which are not committed yet."""
        return ImportedOrders(self._tags, measured=self._metrics is not NO_METRICS)

    def imported(self, orders: ImportedOrders) -> None:
        """Count the orders of an import that is committed."""
        orders.count(self._metrics)
