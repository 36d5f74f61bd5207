-- On the days that the day's changes touched, sales_daily counts the orders that it should, and
-- net revenue is gross less refunded.
--
-- @day DATE  the UTC day of the changes
SELECT
  IFNULL((
    SELECT SUM(order_count)
    FROM sales_daily
    WHERE day IN (
      SELECT DATE(created_at) FROM orders_raw WHERE DATE(ingested_at) = @day
    )
  ), 0) = (
    SELECT COUNT(DISTINCT order_id)
    FROM orders
    WHERE
      op != 'D'
      AND status != 'cancelled'
      AND DATE(created_at) IN (
        SELECT DATE(created_at) FROM orders_raw WHERE DATE(ingested_at) = @day
      )
  ) AS every_order_is_counted,
  NOT EXISTS (
    SELECT 1 FROM sales_daily WHERE net_revenue != gross_revenue - refunded
  ) AS net_is_gross_less_refunded;
