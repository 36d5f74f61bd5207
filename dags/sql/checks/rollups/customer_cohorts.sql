-- customer_cohorts has every customer in one cohort, and every order in one row.
--
-- @ledger_state STRING  what ledger_state.sql said before the rollups ran. Once a day is published
--                       since, orders is ahead of them, and the run after that publish checks.
WITH
  -- Another way from orders than the cohorts': publishing makes sales_daily, reconcile proves it.
  expected AS (
    SELECT
      DATE_TRUNC(day, MONTH) AS month,
      currency,
      SUM(order_count) AS order_count,
      SUM(net_revenue) AS net_revenue
    FROM sales_daily
    GROUP BY month, currency
  ),
  actual AS (
    SELECT
      DATE_ADD(cohort_month, INTERVAL months_since MONTH) AS month,
      currency,
      SUM(order_count) AS order_count,
      SUM(net_revenue) AS net_revenue
    FROM customer_cohorts
    GROUP BY month, currency
  ),
  sizes AS (
    SELECT DISTINCT cohort_month, cohort_size FROM customer_cohorts
  )
SELECT
  ledger.moved OR NOT EXISTS (
    SELECT 1
    FROM expected
    FULL JOIN actual USING (month, currency)
    WHERE
      expected.order_count IS NULL
      OR actual.order_count IS NULL
      OR expected.order_count != actual.order_count
      OR expected.net_revenue != actual.net_revenue
  ) AS each_month_has_the_net_revenue_of_its_orders,
  ledger.moved OR IFNULL((SELECT SUM(cohort_size) FROM sizes), 0) = (
    SELECT COUNT(DISTINCT customer_id)
    FROM orders
    WHERE
      op != 'D'
      AND status != 'cancelled'
  ) AS every_customer_is_in_one_cohort,
  NOT EXISTS (
    SELECT 1 FROM customer_cohorts WHERE months_since < 0 OR customers NOT BETWEEN 1 AND cohort_size
  ) AS no_more_customers_order_than_a_cohort_has,
  NOT EXISTS (
    SELECT 1 FROM customer_cohorts WHERE months_since = 0 AND customers != cohort_size
  ) AS the_whole_cohort_orders_in_its_first_month,
  NOT EXISTS (
    SELECT cohort_month FROM customer_cohorts
    EXCEPT DISTINCT
    SELECT cohort_month FROM customer_cohorts WHERE months_since = 0
  ) AS every_cohort_has_its_first_month,
  NOT EXISTS (
    SELECT 1
    FROM customer_cohorts
    GROUP BY cohort_month, months_since
    HAVING MIN(customers) != MAX(customers)
  ) AS customers_are_the_same_in_each_currency
FROM (
  SELECT
    CAST(IFNULL(SUM(CAST(UNIX_MICROS(published_at) AS NUMERIC)), 0) AS STRING) != @ledger_state
      AS moved
  FROM load_ledger
) AS ledger;
