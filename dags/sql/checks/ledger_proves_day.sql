-- The ledger has the day, and the live partition is what its receipt says: rows and cents.
--
-- @day DATE  the UTC day of the changes
SELECT
  COUNT(*) = 1 AS ledger_has_the_day,
  LOGICAL_AND(
    STARTS_WITH(
      receipt,
      CONCAT(
        'v1:', CAST(live.row_count AS STRING), ':', CAST(live.total_cents AS STRING), ':'
      )
    )
  ) AS live_partition_matches_its_receipt
FROM load_ledger
CROSS JOIN (
  SELECT
    COUNT(*) AS row_count,
    IFNULL(SUM(CAST(total_cents AS NUMERIC)), 0) AS total_cents
  FROM orders_raw
  WHERE DATE(ingested_at) = @day
) AS live
WHERE day = @day;
