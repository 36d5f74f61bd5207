"""The common pattern, as the FastAPI and SQLModel docs show it; the URL names the driver."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlmodel import Session, SQLModel, create_engine
from tests.benchmarks.orders.peers.models import Order, OrderCreate, OrderPublic

engine = create_engine(os.environ["DATABASE_URL"], pool_size=20, max_overflow=0)


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    SQLModel.metadata.create_all(engine)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/orders", status_code=201, response_model=OrderPublic)
def create_order(order: OrderCreate, session: SessionDep) -> Order:
    db_order = Order.model_validate(order)
    session.add(db_order)
    session.commit()
    session.refresh(db_order)
    return db_order
