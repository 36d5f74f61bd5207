"""The entry point of servers that are given an application: `uvicorn orders_api.main:app`."""

import gc

from orders_api.app import create_app

app = create_app()

# What is loaded by now lives as long as the process; the collector need not look at it again.
# Requests that wait for a commit are many live objects, which by default it would look at a
# hundred times a second: a quarter of the time at 1,000 connections. Cycles are rare here.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 100, 100)
