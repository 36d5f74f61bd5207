-- Grain: one day of changes that was published, with how many rows it has and how long after its midnight (UTC) it could be read. Key: day.
SELECT
  day,
  state,
  CAST(SPLIT(receipt, ':')[OFFSET(1)] AS INT64) AS row_count,
  extracted_at,
  published_at,
  TIMESTAMP_DIFF(published_at, TIMESTAMP(DATE_ADD(day, INTERVAL 1 DAY)), MINUTE) AS minutes_after_midnight,
  load_id,
  receipt
FROM `${dataset}.load_ledger`
