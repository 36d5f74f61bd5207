"""Orders as they are sent and answered."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)

from orders.status import OrderStatus
from orders.tables import MAX_CENTS, REGION_PATTERN
from orders_api.schemas.fields import MAX_ID, NO_NUL, Text, instant
from orders_api.schemas.naming import Body

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)


def _sorted(metadata: dict[str, str]) -> dict[str, str]:
    return dict(sorted(metadata.items()))


Region = Annotated[str, Field(pattern=REGION_PATTERN)]
CustomerId = Annotated[int, Field(strict=True, ge=1, le=MAX_ID)]
ItemId = Annotated[int, Field(strict=True, ge=1, le=MAX_ID)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Cents = Annotated[int, Field(strict=True, ge=0, le=MAX_CENTS)]
TotalCents = Annotated[
    Cents,
    Field(description="Minor units of currency: cents, yen, fils. With lines, their sum."),
]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Pairs = dict[
    Annotated[Text, Field(min_length=1, max_length=40)], Annotated[Text, Field(max_length=500)]
]


def pairs_schema(most: int) -> WithJsonSchema:
    """Return what JSON Schema says of Pairs; Pydantic's own leaves out what is refused."""
    return WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"minLength": 1, "maxLength": 40, "pattern": NO_NUL},
            "additionalProperties": {"type": "string", "maxLength": 500, "pattern": NO_NUL},
            "maxProperties": most,
        }
    )


Metadata = Annotated[Pairs, Field(max_length=50), AfterValidator(_sorted), pairs_schema(50)]
Exponent = Annotated[int, Field(description="One major unit is 10^exponent minor units.")]
Total = Annotated[
    str, Field(description="total_cents in major units, exact: 19.99 USD, 1999 JPY, 1.999 KWD.")
]

EXAMPLE: Final[dict[str, Any]] = {"customer_id": 42, "total_cents": 1999, "region": "us-west"}
EXAMPLE_WITH_LINES: Final[dict[str, Any]] = EXAMPLE | {
    "lines": [{"item_id": 3, "quantity": 1, "unit_price_cents": 1999}]
}
EXAMPLE_ORDER: Final[dict[str, Any]] = {
    "id": 7,
    "customer_id": 42,
    "total_cents": 1999,
    "currency": "USD",
    "exponent": 2,
    "total": "19.99",
    "region": "us-west",
    "status": "pending",
    "version": 1,
    "metadata": {},
    "lines": [
        {
            "line_no": 1,
            "item_id": 3,
            "quantity": 1,
            "unit_price_cents": 1999,
            "amount_cents": 1999,
        }
    ],
    "created_at": "2026-11-21T09:00:00.000000Z",
    "updated_at": "2026-11-21T09:00:00.000000Z",
    "changed_by": "anonymous",
    "trace_id": None,
}
EXAMPLE_CHANGE: Final[dict[str, Any]] = {
    "change_id": 12,
    "op": "I",
    "changed_at": "2026-11-21T09:00:00.000000Z",
    "db_user": "tally_api",
    "order_id": 7,
    **{name: value for name, value in EXAMPLE_ORDER.items() if name not in {"id", "lines"}},
}


class NewLine(Body):
    """One item of a new order."""

    item_id: ItemId
    quantity: Quantity
    unit_price_cents: Cents = Field(description="Minor units of the order's currency.")


def _is_sum_of_lines(total_cents: int, info: ValidationInfo) -> int:
    lines: list[NewLine] | None = info.data.get("lines")
    if lines:
        cents = sum(line.quantity * line.unit_price_cents for line in lines)
        if cents != total_cents:
            raise ValueError(f"The lines add up to {cents}, total_cents is {total_cents}")
    return total_cents


class OrderFields(Body):
    """The rules that hold for every new order, posted or imported."""

    customer_id: CustomerId
    region: Region = "unknown"
    status: OrderStatus = OrderStatus.PENDING
    currency: CurrencyCode = Field(default="USD", description="ISO 4217.")
    metadata: Metadata = Field(default_factory=dict)
    created_at: Annotated[datetime, Field(ge=EARLIEST), BeforeValidator(instant)] | None = Field(
        default=None, description="From 1990 until now; now when left out."
    )


class ImportedOrder(OrderFields):
    """An order of an import, without lines."""

    total_cents: TotalCents


class NewOrder(OrderFields):
    """An order to be created."""

    # Its JSON is canonical, and the fingerprint of an Idempotency-Key: the same order makes the
    # same bytes, whatever the spelling and the order of the keys, defaults sent or left out.

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, EXAMPLE_WITH_LINES]})

    lines: list[NewLine] = Field(
        default_factory=list, max_length=200, description="What it is made of, in this order."
    )
    # Fields are checked in this order: the total comes after the lines that it must agree with.
    total_cents: Annotated[TotalCents, AfterValidator(_is_sum_of_lines)]


class StatusChange(Body):
    """A move of an order to another status."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "paid"}]})

    status: OrderStatus


class Line(BaseModel):
    """One item of an order."""

    line_no: int = Field(description="From 1, in the order they were sent.")
    item_id: int
    quantity: int
    unit_price_cents: int = Field(description="Minor units of the order's currency.")
    amount_cents: int = Field(description="quantity times unit_price_cents.")


class Order(BaseModel):
    """An order as it is now."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ORDER]})

    id: int
    customer_id: int
    total_cents: int = Field(description="Minor units of currency.")
    currency: str
    exponent: Exponent
    total: Total
    region: str
    status: OrderStatus
    version: int = Field(description="1 when created, one more with every change.")
    metadata: dict[str, str]
    lines: list[Line] = Field(description="In the order they were sent; they never change.")
    created_at: datetime
    updated_at: datetime
    changed_by: str
    trace_id: str | None


class OrderPage(BaseModel):
    """A page of orders, in the order of sort."""

    orders: list[Order] = Field(description="May be fewer than limit on any page, even none.")
    next_cursor: str | None = Field(description="Null on the last page.")


class Change(BaseModel):
    """One change of an order, with the order as it was after it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CHANGE]})

    change_id: int
    op: Literal["I", "U", "D"] = Field(description="Inserted, updated or deleted.")
    changed_at: datetime
    db_user: str
    order_id: int
    version: int
    customer_id: int
    total_cents: int
    currency: str
    exponent: Exponent
    total: Total
    region: str
    status: OrderStatus
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    changed_by: str
    trace_id: str | None


class History(BaseModel):
    """A page of an order's changes, oldest first."""

    changes: list[Change]
    next_cursor: str | None = Field(description="Null on the last page.")
