"""The Cloud Function's entry points; what they do is in the package `load_orders`."""

import functions_framework
from flask import Request, Response

from load_orders.app import instance_parts
from load_orders.handlers import handle_load, handle_maintain, handle_reconcile


@functions_framework.http
def load_orders(request: Request) -> Response:
    """Close a day, stage its changes in BigQuery and answer with the receipt."""
    return handle_load(request, instance_parts)


@functions_framework.http
def reconcile_orders(request: Request) -> Response:
    """Compare Postgres, the ledger and the live tables; answer 409 with every difference."""
    return handle_reconcile(request, instance_parts)


@functions_framework.http
def maintain_orders(request: Request) -> Response:
    """Do the nightly housekeeping and answer with what was done."""
    return handle_maintain(request, instance_parts)
