"""What FastAPI itself costs: the body is checked and answered, and nothing is kept."""

from datetime import UTC, datetime
from itertools import count

from fastapi import FastAPI
from tests.benchmarks.orders.peers.models import OrderCreate, OrderPublic

app = FastAPI()
ids = count(1)


@app.post("/orders", status_code=201)
async def create_order(order: OrderCreate) -> OrderPublic:
    return OrderPublic(
        **order.model_dump(), id=next(ids), status="pending", created_at=datetime.now(UTC)
    )
