"""A contender for the tests: it takes a few orders, then answers nobody any more."""

import asyncio
from itertools import count
from typing import Any

from fastapi import FastAPI

app = FastAPI()
ids = count(1)
TAKEN = 3


@app.post("/orders", status_code=201)
async def create_order(order: dict[str, Any]) -> dict[str, Any]:
    if (number := next(ids)) > TAKEN:
        await asyncio.Event().wait()
    return order | {"id": number}
