-- Brings sales_monthly in line with sales_daily: one row for each month, region and currency.
-- One statement, so readers see all of it or nothing; rows that are right stay as they are.
MERGE INTO sales_monthly AS target
USING (
  SELECT
    DATE_TRUNC(day, MONTH) AS month,
    region,
    currency,
    SUM(order_count) AS order_count,
    SUM(gross_revenue) AS gross_revenue,
    SUM(refunded) AS refunded,
    SUM(net_revenue) AS net_revenue
  FROM sales_daily
  GROUP BY month, region, currency
) AS sales
ON
  target.month = sales.month
  AND target.region = sales.region
  AND target.currency = sales.currency
WHEN MATCHED AND (
  target.order_count != sales.order_count
  OR target.gross_revenue != sales.gross_revenue
  OR target.refunded != sales.refunded
  OR target.net_revenue != sales.net_revenue
) THEN
  UPDATE SET
    order_count = sales.order_count,
    gross_revenue = sales.gross_revenue,
    refunded = sales.refunded,
    net_revenue = sales.net_revenue
WHEN NOT MATCHED THEN
  INSERT (month, region, currency, order_count, gross_revenue, refunded, net_revenue)
  VALUES (
    sales.month, sales.region, sales.currency, sales.order_count, sales.gross_revenue,
    sales.refunded, sales.net_revenue
  )
WHEN NOT MATCHED BY SOURCE THEN
  DELETE;
