-- The ledger has the day, and the live partition is what its receipt says, row by row.
--
-- @day DATE  the UTC day of the changes
SELECT
  COUNT(*) = 1 AS ledger_has_the_day,
  LOGICAL_AND(load_ledger.receipt = live.receipt) AS live_partition_has_its_receipt
FROM load_ledger
CROSS JOIN (
  SELECT
    CONCAT(
      'v1:', CAST(COUNT(*) AS STRING),
      ':', CAST(IFNULL(SUM(CAST(total_cents AS NUMERIC)), 0) AS STRING),
      ':', CAST(IFNULL(SUM(CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(canonical)), 18)) AS INT64) AS NUMERIC)), 0) AS STRING)
    ) AS receipt
  FROM (
    SELECT
      total_cents,
      CONCAT(
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(change_id AS STRING)) AS STRING), ':', CAST(change_id AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(op) AS STRING), ':', op), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(UNIX_MICROS(changed_at) AS STRING)) AS STRING), ':', CAST(UNIX_MICROS(changed_at) AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(db_user) AS STRING), ':', db_user), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(order_id AS STRING)) AS STRING), ':', CAST(order_id AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(version AS STRING)) AS STRING), ':', CAST(version AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(customer_id AS STRING)) AS STRING), ':', CAST(customer_id AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(total_cents AS STRING)) AS STRING), ':', CAST(total_cents AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(currency) AS STRING), ':', currency), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(exponent AS STRING)) AS STRING), ':', CAST(exponent AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(region) AS STRING), ':', region), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(status) AS STRING), ':', status), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(metadata) AS STRING), ':', metadata), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(UNIX_MICROS(created_at) AS STRING)) AS STRING), ':', CAST(UNIX_MICROS(created_at) AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(CAST(UNIX_MICROS(updated_at) AS STRING)) AS STRING), ':', CAST(UNIX_MICROS(updated_at) AS STRING)), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(changed_by) AS STRING), ':', changed_by), '-'),
        IFNULL(CONCAT(CAST(BYTE_LENGTH(trace_id) AS STRING), ':', trace_id), '-')
      ) AS canonical
    FROM orders_raw
    WHERE DATE(ingested_at) = @day
  )
) AS live
WHERE load_ledger.day = @day;
