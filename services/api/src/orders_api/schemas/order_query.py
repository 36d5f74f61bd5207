"""Which orders are meant, and in which order to list them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, model_validator

from orders.status import OrderStatus
from orders_api.schemas.fields import Id, UrlInstant
from orders_api.schemas.order import Pairs, Region, pairs_schema
from orders_api.schemas.paging import Paging

_OPENING = "metadata["


class OrderSort(StrEnum):
    """The orders that a list may have; ids decide between orders of the same moment."""

    NEWEST = "-created_at"
    OLDEST = "created_at"


def _distinct(statuses: list[OrderStatus]) -> list[OrderStatus]:
    if len(set(statuses)) != len(statuses):
        raise ValueError("A status may stand only once")
    return sorted(statuses)


Statuses = Annotated[list[OrderStatus], AfterValidator(_distinct)]


def _after_start(created_to: datetime, info: ValidationInfo) -> datetime:
    created_from: datetime | None = info.data.get("created_from")
    if created_from is not None and created_to <= created_from:
        raise ValueError("created_to must lie after created_from")
    return created_to


class OrderFilters(BaseModel):
    """Which orders are meant; every filter given must hold."""

    status: Statuses = Field(
        default_factory=list, description="Any of these; repeat it for several."
    )
    region: Region | None = None
    customer_id: Id | None = None
    created_from: UrlInstant | None = Field(default=None, description="Inclusive.")
    created_to: Annotated[UrlInstant, AfterValidator(_after_start)] | None = Field(
        default=None, description="Exclusive."
    )
    metadata: Annotated[Pairs, pairs_schema(10)] = Field(
        default_factory=dict,
        max_length=10,
        description="Pairs that an order must have, all of them: metadata[channel]=web.",
    )

    @model_validator(mode="before")
    @classmethod
    def _gather_metadata(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Take `metadata[key]=value` for what OpenAPI calls a deepObject."""
        pairs = {
            name.removeprefix(_OPENING)[:-1]: value
            for name, value in parameters.items()
            if name.startswith(_OPENING)
        }
        return {**parameters, "metadata": pairs}


class OrderQuery(OrderFilters, Paging):
    """Which orders to list."""

    sort: OrderSort = Field(
        default=OrderSort.NEWEST, description="Newest first, or created_at for oldest first."
    )
