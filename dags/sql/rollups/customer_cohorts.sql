-- Brings customer_cohorts in line with orders: one row for each cohort, month and currency in
-- which it ordered. One statement, so readers see all of it or nothing; rows that are right stay
-- as they are. It reads seven columns of orders once, about 50 bytes an order.
MERGE INTO customer_cohorts AS target
USING (
  WITH counted AS (
    SELECT
      customer_id,
      DATE_TRUNC(DATE(created_at), MONTH) AS month,
      currency,
      status,
      -- Minor to major units by the exponent that Postgres sent; NUMERIC throughout, so exact.
      CAST(total_cents AS NUMERIC)
        * CASE exponent
          WHEN 0 THEN NUMERIC '1'
          WHEN 1 THEN NUMERIC '0.1'
          WHEN 2 THEN NUMERIC '0.01'
          WHEN 3 THEN NUMERIC '0.001'
          WHEN 4 THEN NUMERIC '0.0001'
        END AS amount
    FROM orders
    WHERE
      op != 'D'
      AND status != 'cancelled'
  ),
  spent AS (
    SELECT
      customer_id,
      month,
      currency,
      COUNT(*) AS order_count,
      SUM(IF(status = 'refunded', 0, amount)) AS net_revenue
    FROM counted
    GROUP BY customer_id, month, currency
  ),
  placed AS (
    SELECT
      month,
      currency,
      order_count,
      net_revenue,
      MIN(month) OVER (PARTITION BY customer_id) AS cohort_month,
      -- Who pays in two currencies is one customer.
      ROW_NUMBER() OVER (PARTITION BY customer_id, month ORDER BY currency) = 1 AS counts_customer
    FROM spent
  ),
  grouped AS (
    SELECT
      cohort_month,
      month,
      currency,
      COUNTIF(counts_customer) AS customers,
      SUM(order_count) AS order_count,
      SUM(net_revenue) AS net_revenue
    FROM placed
    GROUP BY cohort_month, month, currency
  )
  SELECT
    cohort_month,
    DATE_DIFF(month, cohort_month, MONTH) AS months_since,
    currency,
    SUM(customers) OVER (PARTITION BY cohort_month, month) AS customers,
    order_count,
    net_revenue,
    SUM(IF(month = cohort_month, customers, 0)) OVER (PARTITION BY cohort_month) AS cohort_size
  FROM grouped
) AS cohorts
ON
  target.cohort_month = cohorts.cohort_month
  AND target.months_since = cohorts.months_since
  AND target.currency = cohorts.currency
WHEN MATCHED AND (
  target.customers != cohorts.customers
  OR target.order_count != cohorts.order_count
  OR target.net_revenue != cohorts.net_revenue
  OR target.cohort_size != cohorts.cohort_size
) THEN
  UPDATE SET
    customers = cohorts.customers,
    order_count = cohorts.order_count,
    net_revenue = cohorts.net_revenue,
    cohort_size = cohorts.cohort_size
WHEN NOT MATCHED THEN
  INSERT (cohort_month, months_since, currency, customers, order_count, net_revenue, cohort_size)
  VALUES (
    cohorts.cohort_month, cohorts.months_since, cohorts.currency, cohorts.customers,
    cohorts.order_count, cohorts.net_revenue, cohorts.cohort_size
  )
WHEN NOT MATCHED BY SOURCE THEN
  DELETE;
