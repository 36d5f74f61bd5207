-- A figure that is another one as soon as a day is published anew. The checks of the rollups
-- compare it with what it was before the rollups ran.
SELECT CAST(IFNULL(SUM(CAST(UNIX_MICROS(published_at) AS NUMERIC)), 0) AS STRING) AS ledger_state
FROM load_ledger;
