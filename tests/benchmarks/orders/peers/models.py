"""The order of all peers: its table, its body, its answer."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel


class OrderBase(SQLModel):
    """What the client sends."""

    customer_id: int = Field(gt=0, sa_type=BigInteger, index=True)
    total_cents: int = Field(ge=0, sa_type=BigInteger)
    region: str = Field(default="unknown", max_length=64)
    currency: str = Field(default="USD", min_length=3, max_length=3)


class OrderCreate(OrderBase):
    """The body of POST /orders."""


class Order(OrderBase, table=True):
    """A plain table with the two indexes that lists of orders need, and nothing else."""

    __tablename__ = "orders"

    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True)
    status: str = "pending"
    created_at: datetime = Field(
        default_factory=lambda: datetime.now(UTC), sa_type=DateTime(timezone=True), index=True
    )


class OrderPublic(OrderBase):
    """The answer."""

    id: int
    status: str
    created_at: datetime
