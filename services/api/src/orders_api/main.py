"""The entry point of servers: `uvicorn orders_api.main:app`."""

from orders_api.app import create_app

app = create_app()
