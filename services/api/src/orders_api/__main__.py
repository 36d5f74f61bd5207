"""`python -m orders_api`: the API as a process."""

from orders_api.server import serve

serve()
