-- Grain: one row. Up to which day (UTC) all is published, how many days that are over are missing since the first one, and how old the newest figures are.
SELECT
  MAX(IF(state = 'closed', day, NULL)) AS last_closed_day,
  DATE_DIFF(CURRENT_DATE('UTC'), MIN(day), DAY)
  - COUNTIF(state = 'closed' AND day < CURRENT_DATE('UTC')) AS missing_days,
  MAX(extracted_at) AS figures_as_of,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MAX(extracted_at), MINUTE) AS lag_minutes
FROM `${dataset}.load_ledger`
