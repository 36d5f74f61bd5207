-- sales_monthly is sales_daily, summed.
--
-- @ledger_state STRING  what ledger_state.sql said before the rollups ran. Once a day is published
--                       since, sales_daily is ahead of them, and the run after that publish checks.
WITH
  daily AS (
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
  ),
  expected AS (
    SELECT
      currency,
      SUM(order_count) AS order_count,
      SUM(gross_revenue) AS gross_revenue,
      SUM(refunded) AS refunded,
      SUM(net_revenue) AS net_revenue
    FROM sales_daily
    GROUP BY currency
  ),
  actual AS (
    SELECT
      currency,
      SUM(order_count) AS order_count,
      SUM(gross_revenue) AS gross_revenue,
      SUM(refunded) AS refunded,
      SUM(net_revenue) AS net_revenue
    FROM sales_monthly
    GROUP BY currency
  )
SELECT
  ledger.moved OR NOT EXISTS (
    SELECT month FROM daily EXCEPT DISTINCT SELECT month FROM sales_monthly
  ) AS no_month_is_missing,
  ledger.moved OR NOT EXISTS (
    SELECT month, region, currency, order_count, gross_revenue, refunded, net_revenue
    FROM sales_monthly
    EXCEPT DISTINCT
    SELECT month, region, currency, order_count, gross_revenue, refunded, net_revenue
    FROM daily
  ) AS every_row_is_the_sum_of_its_days,
  ledger.moved OR NOT EXISTS (
    SELECT 1
    FROM expected
    FULL JOIN actual USING (currency)
    WHERE
      expected.order_count IS NULL
      OR actual.order_count IS NULL
      OR expected.order_count != actual.order_count
      OR expected.gross_revenue != actual.gross_revenue
      OR expected.refunded != actual.refunded
      OR expected.net_revenue != actual.net_revenue
  ) AS each_currency_has_the_total_of_its_days,
  NOT EXISTS (
    SELECT 1 FROM sales_monthly WHERE EXTRACT(DAY FROM month) != 1
  ) AS months_begin_on_their_first_day
FROM (
  SELECT
    CAST(IFNULL(SUM(CAST(UNIX_MICROS(published_at) AS NUMERIC)), 0) AS STRING) != @ledger_state
      AS moved
  FROM load_ledger
) AS ledger;
