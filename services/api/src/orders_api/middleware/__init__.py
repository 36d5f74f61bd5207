"""What surrounds every request, in its order."""

from orders_api.middleware.order import add_middleware
from orders_api.middleware.running import RunningRequests, running_requests

__all__ = ["RunningRequests", "add_middleware", "running_requests"]
