"""The entry point of servers: `uvicorn orders_api.main:app`."""

import gc

from orders_api.app import create_app

app = create_app()

# What is loaded by now lives as long as the process; the collector need not look at it again.
gc.collect()
gc.freeze()
