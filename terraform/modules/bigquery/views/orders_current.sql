-- Grain: one order that is not deleted, as its last published change left it, with its amount in major units. Key: order_id.
SELECT
  order_id,
  customer_id,
  region,
  status,
  currency,
  total_cents,
  -- As publish_day.sql has it: NUMERIC throughout, so exact.
  CAST(total_cents AS NUMERIC)
    * CASE exponent
      WHEN 0 THEN NUMERIC '1'
      WHEN 1 THEN NUMERIC '0.1'
      WHEN 2 THEN NUMERIC '0.01'
      WHEN 3 THEN NUMERIC '0.001'
      WHEN 4 THEN NUMERIC '0.0001'
    END AS total,
  created_at,
  updated_at,
  version,
  changed_by
FROM `${dataset}.orders`
WHERE op != 'D'
