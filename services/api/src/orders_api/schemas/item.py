"""Items as they are sent and answered."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from orders_api.schemas.fields import Text
from orders_api.schemas.naming import Body
from orders_api.schemas.paging import Paging

MAX_PRICE: Final = 10**13

EXAMPLE: Final[dict[str, Any]] = {"name": "widget", "price": 9.99}


def _dollars(value: object) -> Decimal:
    """Take an exact JSON number; binary floats never occur, see strict_json."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("Input should be a number")  # noqa: TRY004  Pydantic reports ValueError
    if not 0 <= value <= MAX_PRICE:
        raise ValueError(f"Input should be from 0 to {MAX_PRICE}")
    price = Decimal(value)
    if price != price.quantize(Decimal("0.01")):
        raise ValueError("Input should have no more than 2 decimals")
    return price


def _visible(value: str) -> str:
    if not value.strip():
        raise ValueError("Input should have more than white space")
    return value


Price = Annotated[
    Decimal,
    BeforeValidator(_dollars),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_PRICE, "multipleOf": 0.01}),
    Field(description="US dollars, exact to the cent."),
]
Name = Annotated[Text, Field(min_length=1, max_length=200), AfterValidator(_visible)]
InStock = Annotated[bool, Field(strict=True)]


class NewItem(Body):
    """An item to be created, or to take the place of another."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Name
    price: Price
    in_stock: InStock = True


class ItemChange(Body):
    """What changes of an item; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"in_stock": False}]})

    # Only the fields that were set are used; a factory keeps the defaults out of the schema.
    name: Name = Field(default_factory=str)
    price: Price = Field(default_factory=Decimal)
    in_stock: InStock = Field(default_factory=bool)


class Item(BaseModel):
    """Something the shop sells."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "name": "widget",
                    "price": 9.99,
                    "in_stock": True,
                    "created_at": "2026-11-21T09:00:00.000000Z",
                    "updated_at": "2026-11-21T09:00:00.000000Z",
                }
            ]
        }
    )

    id: int
    name: str
    price: Annotated[Decimal, WithJsonSchema({"type": "number"})]
    in_stock: bool
    created_at: datetime
    updated_at: datetime


class ItemPage(BaseModel):
    """A page of items, newest first."""

    items: list[Item]
    next_cursor: str | None = Field(description="Null on the last page.")


class ItemQuery(Paging):
    """Which items to list."""

    in_stock: bool | None = None
