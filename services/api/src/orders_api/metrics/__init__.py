"""What the API measures, beside the requests themselves (`middleware.metrics`)."""

from orders_api.metrics.orders import OrderMetrics
from orders_api.metrics.writers import observing, watch

__all__ = ["OrderMetrics", "observing", "watch"]
