"""The tables as Python sees them. The migrations own the schema; a test holds the two together."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    FetchedValue,
    Identity,
    Integer,
    SmallInteger,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

MAX_CENTS = 10**15
"""The largest amount of one order, in minor units. Postgres and the API refuse more."""

REGION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


def _by_server(kind: Any) -> Column[Any]:
    """A column that Postgres fills: by its default when inserted, by a trigger when updated."""
    return Column(
        kind, nullable=False, server_default=FetchedValue(), server_onupdate=FetchedValue()
    )


class Currency(SQLModel, table=True):
    """An ISO 4217 currency. One major unit is 10^exponent minor units."""

    __tablename__ = "currencies"

    code: str = Field(primary_key=True)
    exponent: int = Field(sa_type=SmallInteger)
    name: str


class Order(SQLModel, table=True):
    """The current state of an order. Its history is in `OrderChange`."""

    __tablename__ = "orders"

    id: int | None = Field(
        default=None,
        sa_column=Column(BigInteger, primary_key=True, server_default=FetchedValue()),
    )
    """Drawn by a trigger; it cannot be chosen."""
    customer_id: int = Field(sa_type=BigInteger)
    total_cents: int = Field(sa_type=BigInteger)
    """Minor units of `currency`."""
    currency: str = Field(foreign_key="currencies.code")
    region: str
    status: str
    version: int = Field(default=None, sa_column=_by_server(Integer))
    metadata_: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column("metadata", JSONB, nullable=False)
    )
    created_at: datetime = Field(default=None, sa_column=_by_server(DateTime(timezone=True)))
    updated_at: datetime = Field(default=None, sa_column=_by_server(DateTime(timezone=True)))
    changed_by: str
    trace_id: str | None = None


class OrderLine(SQLModel, table=True):
    """One item of an order. An order's lines add up to its total and never change."""

    __tablename__ = "order_lines"

    order_id: int = Field(sa_type=BigInteger, primary_key=True)
    line_no: int = Field(primary_key=True)
    """From 1, in the order they were sent."""
    item_id: int = Field(sa_type=BigInteger, foreign_key="items.id")
    quantity: int
    unit_price_cents: int = Field(sa_type=BigInteger)
    """Minor units of the order's currency."""


class OrderChange(SQLModel, table=True):
    """One change of one order, with the order as it was after it. Written by triggers only."""

    __tablename__ = "order_changes"

    change_id: int = Field(sa_type=BigInteger, primary_key=True)
    op: str
    """I, U or D: inserted, updated, deleted."""
    changed_at: datetime = Field(sa_type=DateTime(timezone=True), primary_key=True)
    db_user: str
    order_id: int = Field(sa_type=BigInteger)
    version: int
    customer_id: int = Field(sa_type=BigInteger)
    total_cents: int = Field(sa_type=BigInteger)
    currency: str
    region: str
    status: str
    metadata_: dict[str, Any] = Field(sa_column=Column("metadata", JSONB, nullable=False))
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    changed_by: str
    trace_id: str | None = None


class DayClosing(SQLModel, table=True):
    """A UTC day noted as over; it is closed when nothing below `closing_xid` runs any more."""

    __tablename__ = "day_closings"

    day: date = Field(primary_key=True)
    closing_xid: int | None = Field(default=None, sa_type=BigInteger)
    noted_at: datetime = Field(default=None, sa_type=DateTime(timezone=True))


class Item(SQLModel, table=True):
    """Something the shop sells."""

    __tablename__ = "items"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    name: str
    price_cents: int = Field(sa_type=BigInteger)
    """Cents of a US dollar."""
    in_stock: bool = True
    created_at: datetime = Field(default=None, sa_column=_by_server(DateTime(timezone=True)))
    updated_at: datetime = Field(default=None, sa_column=_by_server(DateTime(timezone=True)))


class IdempotencyKey(SQLModel, table=True):
    """The answer to a request that was carried out, kept for its repetitions."""

    __tablename__ = "idempotency_keys"

    caller: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    """SHA-256 of the request, in hexadecimal."""
    order_id: int | None = Field(default=None, sa_type=BigInteger)
    """The order that was created; none for an import."""
    answer: str
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))


class User(SQLModel, table=True):
    """Someone who logs in with a password."""

    __tablename__ = "users"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    email: str
    """In lower case."""
    password_hash: str
    role: str
    created_at: datetime = Field(default=None, sa_column=_by_server(DateTime(timezone=True)))
    disabled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class RefreshToken(SQLModel, table=True):
    """What a login is prolonged with, once; the tokens of one login are a family."""

    __tablename__ = "refresh_tokens"

    token_hash: bytes = Field(primary_key=True)
    """SHA-256."""
    family: UUID
    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id")
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class ApiKey(SQLModel, table=True):
    """A key that a program calls with."""

    __tablename__ = "api_keys"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    prefix: str
    """The part of the key that may be shown."""
    key_hash: bytes
    """SHA-256 of the whole key."""
    name: str
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    created_by: str
    created_at: datetime = Field(default=None, sa_column=_by_server(DateTime(timezone=True)))
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    last_used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
