"""The indexes that a list of orders can be read from, in the order of created_at and id."""

from dataclasses import dataclass
from typing import Final

from orders.status import OrderStatus
from orders_api.schemas.order_query import OrderQuery, OrderSort
from orders_api.services.order_filters import SPAN

_CURSOR: Final = "(CAST(:after_time AS timestamptz), CAST(:after_id AS bigint))"


@dataclass(frozen=True)
class Lead:
    """An index to read a list from.

    Args:
        covers: The filters that hold for all orders it gives, besides those of created_at.
        branches: Conditions on its first columns; the orders of several are merged.
        table: What it is an index of.
        id_column: The order's id there.
    """

    covers: frozenset[str]
    branches: tuple[str, ...]
    table: str = "orders"
    id_column: str = "id"


def leads(query: OrderQuery) -> list[Lead]:
    """Return the indexes that suit a query; the first gives the fewest orders, as a rule."""
    found = []
    if query.customer_id is not None:
        condition = "customer_id = CAST(:customer_id AS bigint)"
        found.append(Lead(frozenset({"customer_id"}), (condition,)))
    for place in range(len(query.metadata)):
        condition = f"pair = jsonb_hash_extended(CAST(:pair_{place} AS jsonb), 0)"
        found.append(Lead(frozenset(), (condition,), "order_metadata", "order_id"))
    statuses = [f"status = '{status}'" for status in query.status or OrderStatus]
    if query.region is not None:
        branches = tuple(f"region = :region AND {status}" for status in statuses)
        found.append(Lead(frozenset({"region", "status"}), branches))
    # No index is of created_at alone: Postgres would prefer it to the one that suits, and pass
    # over millions where a value is common but not of late. All statuses together are all orders.
    if not found or (query.status and query.region is None):
        found.append(Lead(frozenset({"status"}), tuple(statuses)))
    return found


def read(lead: Lead, query: OrderQuery) -> str:
    """Return the SELECT of `id` and `created_at` of the first `:window` orders that a lead gives.

    They lie after the cursor and between created_from and created_to. Each branch is a query
    with an order and a limit of its own: Postgres would sort all orders of a plain UNION ALL.
    """
    newest_first = query.sort is OrderSort.NEWEST
    direction, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
    stretch = [SPAN[name] for name in SPAN if getattr(query, name) is not None]
    if query.cursor is not None:
        stretch.append(f"(created_at, {lead.id_column}) {beyond} {_CURSOR}")
    branches = [
        f"""(SELECT {lead.id_column} AS id, created_at FROM {lead.table}
            WHERE {" AND ".join([branch, *stretch])}
            ORDER BY created_at {direction}, {lead.id_column} {direction} LIMIT :window)"""
        for branch in lead.branches
    ]
    return f"""SELECT id, created_at FROM ({" UNION ALL ".join(branches)}) AS merged
        ORDER BY created_at {direction}, id {direction} LIMIT :window"""
