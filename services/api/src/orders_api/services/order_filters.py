"""The filters of orders as SQL: what a list and an export ask of an order."""

import json
from collections.abc import Mapping
from typing import Any, Final

from orders_api.schemas.order_query import OrderFilters

CHECKS: Final = {
    "status": "status = ANY(CAST(:status AS text[]))",
    "region": "region = :region",
    "customer_id": "customer_id = CAST(:customer_id AS bigint)",
    "metadata": "metadata @> CAST(:metadata AS jsonb)",
}
"""Conditions on an order's columns, by filter."""

SPAN: Final = {
    "created_from": "created_at >= CAST(:created_from AS timestamptz)",
    "created_to": "created_at < CAST(:created_to AS timestamptz)",
}
"""Those on created_at."""


def given(query: OrderFilters) -> dict[str, Any]:
    """Return the filters that a query has, by name."""
    return query.model_dump(include={*CHECKS, *SPAN}, exclude_defaults=True)


def parameters(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the filters; those of metadata as JSON, alone and together."""
    metadata: dict[str, str] = filters.get("metadata", {})
    pairs = {
        f"pair_{place}": json.dumps({key: value})
        for place, (key, value) in enumerate(metadata.items())
    }
    status = [status.value for status in filters.get("status", [])]
    return {**filters, **pairs, "status": status, "metadata": json.dumps(metadata)}
