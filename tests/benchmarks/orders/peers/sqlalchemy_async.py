"""An async route on SQLAlchemy's async session and asyncpg, as SQLAlchemy's docs show it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import SQLModel
from tests.benchmarks.orders.peers.models import Order, OrderCreate, OrderPublic

engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=20, max_overflow=0)
# Nothing is read again after the commit, as those docs advise: one query less than SQLModel's.
async_session = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with async_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/orders", status_code=201, response_model=OrderPublic)
async def create_order(order: OrderCreate, session: SessionDep) -> Order:
    db_order = Order.model_validate(order)
    session.add(db_order)
    await session.commit()
    return db_order
