"""What must hold inside BigQuery, over all days: orders follow changes, sales follow orders."""

from typing import Any, Final

from load_orders.columns import COLUMNS
from load_orders.stage import Warehouse

_IDS: Final = 20
_NAMES: Final = ", ".join(column.name for column in COLUMNS)

# One row a difference of an order: what orders_raw says last, and what orders holds.
ORDERS_DRIFT: Final = f"""
WITH expected AS (
  SELECT {_NAMES}
  FROM orders_raw
  WHERE ingested_at >= TIMESTAMP '1970-01-01'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY change_id DESC) = 1
),
missing AS (SELECT {_NAMES} FROM expected EXCEPT DISTINCT SELECT {_NAMES} FROM orders),
surplus AS (SELECT {_NAMES} FROM orders EXCEPT DISTINCT SELECT {_NAMES} FROM expected),
copies AS (
  SELECT order_id, MIN(created_at) AS created_at, COUNT(*) AS row_count
  FROM orders
  GROUP BY order_id
  HAVING COUNT(*) > 1
)
SELECT
  DATE(COALESCE(missing.created_at, surplus.created_at)) AS day,
  COALESCE(missing.order_id, surplus.order_id) AS order_id,
  IFNULL(FORMAT('change %d, %d cents', missing.change_id, missing.total_cents), 'absent')
    AS expected,
  IFNULL(FORMAT('change %d, %d cents', surplus.change_id, surplus.total_cents), 'absent')
    AS actual
FROM missing
FULL JOIN surplus ON missing.order_id = surplus.order_id
UNION ALL
SELECT DATE(created_at), order_id, 'one row', FORMAT('%d rows', row_count)
FROM copies
ORDER BY day, order_id
LIMIT 1000
"""

# One row a day, region and currency whose figures are not those of a full recompute.
SALES_DRIFT: Final = f"""
WITH amounts AS (
  SELECT
    DATE(created_at) AS day,
    region,
    currency,
    status,
    order_id,
    CAST(total_cents AS NUMERIC)
      * CASE exponent
        WHEN 0 THEN NUMERIC '1'
        WHEN 1 THEN NUMERIC '0.1'
        WHEN 2 THEN NUMERIC '0.01'
        WHEN 3 THEN NUMERIC '0.001'
        WHEN 4 THEN NUMERIC '0.0001'
      END AS amount
  FROM orders
  WHERE op != 'D' AND status != 'cancelled'
),
expected AS (
  SELECT
    day,
    region,
    currency,
    COUNT(*) AS order_count,
    SUM(amount) AS gross_revenue,
    SUM(IF(status = 'refunded', amount, 0)) AS refunded,
    ARRAY_AGG(order_id ORDER BY order_id LIMIT {_IDS}) AS ids
  FROM amounts
  GROUP BY day, region, currency
),
actual AS (
  SELECT
    day,
    region,
    currency,
    SUM(order_count) AS order_count,
    SUM(gross_revenue) AS gross_revenue,
    SUM(refunded) AS refunded,
    SUM(net_revenue) AS net_revenue,
    COUNT(*) AS row_count
  FROM sales_daily
  GROUP BY day, region, currency
)
SELECT
  COALESCE(e.day, a.day) AS day,
  COALESCE(e.region, a.region) AS region,
  COALESCE(e.currency, a.currency) AS currency,
  e.order_count AS expected_count,
  a.order_count AS actual_count,
  e.gross_revenue AS expected_gross,
  a.gross_revenue AS actual_gross,
  e.refunded AS expected_refunded,
  a.refunded AS actual_refunded,
  a.net_revenue AS actual_net,
  a.row_count AS row_count,
  e.ids AS ids
FROM expected AS e
FULL JOIN actual AS a
  ON e.day = a.day AND e.region = a.region AND e.currency = a.currency
WHERE
  e.day IS NULL
  OR a.day IS NULL
  OR a.row_count > 1
  OR e.order_count != a.order_count
  OR e.gross_revenue != a.gross_revenue
  OR e.refunded != a.refunded
  OR a.net_revenue != a.gross_revenue - a.refunded
ORDER BY day, region, currency
LIMIT 1000
"""


def orders_drift(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return the orders that are not their last change in `orders_raw`; at most 1,000."""
    return [
        {
            "check": "orders = last change in orders_raw",
            "day": row.day.isoformat(),
            "expected": row.expected,
            "actual": row.actual,
            "ids": [row.order_id],
        }
        for row in warehouse.rows(ORDERS_DRIFT)
    ]


def sales_drift(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return the rows of `sales_daily` that a recompute from `orders` contradicts."""
    return [
        {
            "check": "sales_daily = recompute from orders",
            "day": row.day.isoformat(),
            "region": row.region,
            "currency": row.currency,
            "expected": _figures(row.expected_count, row.expected_gross, row.expected_refunded),
            "actual": _figures(row.actual_count, row.actual_gross, row.actual_refunded)
            + (f", net {row.actual_net}, in {row.row_count} rows" if row.row_count else ""),
            "ids": list(row.ids or ()),
        }
        for row in warehouse.rows(SALES_DRIFT)
    ]


def _figures(count: int | None, gross: Any, refunded: Any) -> str:
    return "absent" if count is None else f"{count} orders, gross {gross}, refunded {refunded}"
