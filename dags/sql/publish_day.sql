-- Publishes one staged load of a day: raw rows, current orders, sales and the ledger row that
-- proves them change together or not at all. Repeating it changes nothing.
--
-- @day DATE                   the UTC day of the changes
-- @state STRING               'closed', or 'open' for the day so far
-- @load_id STRING             names the rows in orders_stage
-- @receipt STRING             of those rows, as Postgres computed it
-- @last_change_id INT64       the highest change_id among them, 0 for an empty day
-- @affected_days ARRAY<DATE>  the days on which the touched orders were created
-- @job_ids ARRAY<STRING>      the load jobs, for the ledger
-- @extracted_at TIMESTAMP     when Postgres was read
BEGIN TRANSACTION;

-- An empty array may arrive as NULL.
ASSERT IFNULL(ARRAY_LENGTH(@affected_days), 0) <= 4000
  AS 'these changes touch more than 4000 days of sales, more partitions than one job may change; import old orders in parts, on different days';

ASSERT NOT EXISTS (
  SELECT 1
  FROM load_ledger
  WHERE
    day = @day
    AND (last_change_id > @last_change_id OR (state = 'closed' AND @state = 'open'))
) AS 'a later load of this day is already published';

ASSERT @receipt = (
  SELECT
    CONCAT(
      'v1:', CAST(COUNT(*) AS STRING),
      ':', CAST(IFNULL(SUM(CAST(total_cents AS NUMERIC)), 0) AS STRING),
      ':', CAST(IFNULL(SUM(CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(canonical)), 18)) AS INT64) AS NUMERIC)), 0) AS STRING)
    )
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
    FROM orders_stage
    WHERE load_id = @load_id
  )
) AS 'the staged rows are not the rows that Postgres gave a receipt for; load the day again';

ASSERT NOT EXISTS (
  SELECT 1
  FROM orders_stage
  WHERE
    load_id = @load_id
    AND (ingested_at != TIMESTAMP(@day) OR DATE(created_at) NOT IN UNNEST(@affected_days))
) AS 'the staged rows are of another day, or touch days that are not in affected_days';

DELETE FROM orders_raw
WHERE DATE(ingested_at) = @day;

INSERT INTO orders_raw (
  ingested_at, change_id, op, changed_at, db_user, order_id, version, customer_id, total_cents,
  currency, exponent, region, status, metadata, created_at, updated_at, changed_by, trace_id
)
SELECT
  ingested_at, change_id, op, changed_at, db_user, order_id, version, customer_id, total_cents,
  currency, exponent, region, status, metadata, created_at, updated_at, changed_by, trace_id
FROM orders_stage
WHERE load_id = @load_id;

-- The last change of each touched order wins, so days may be published in any order. A deleted
-- order stays as its last row, with op D, or an older day published later would bring it back.
MERGE INTO orders AS target
USING (
  SELECT
    change_id, op, changed_at, db_user, order_id, version, customer_id, total_cents, currency,
    exponent, region, status, metadata, created_at, updated_at, changed_by, trace_id
  FROM orders_stage
  WHERE load_id = @load_id
  QUALIFY ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY change_id DESC) = 1
) AS change
ON
  target.order_id = change.order_id
  AND target.created_at = change.created_at
  AND DATE(target.created_at) IN UNNEST(@affected_days)
WHEN MATCHED AND change.change_id > target.change_id THEN
  UPDATE SET
    change_id = change.change_id,
    op = change.op,
    changed_at = change.changed_at,
    db_user = change.db_user,
    version = change.version,
    customer_id = change.customer_id,
    total_cents = change.total_cents,
    currency = change.currency,
    exponent = change.exponent,
    region = change.region,
    status = change.status,
    metadata = change.metadata,
    updated_at = change.updated_at,
    changed_by = change.changed_by,
    trace_id = change.trace_id
WHEN NOT MATCHED THEN
  INSERT (
    change_id, op, changed_at, db_user, order_id, version, customer_id, total_cents, currency,
    exponent, region, status, metadata, created_at, updated_at, changed_by, trace_id
  )
  VALUES (
    change.change_id, change.op, change.changed_at, change.db_user, change.order_id,
    change.version, change.customer_id, change.total_cents, change.currency, change.exponent,
    change.region, change.status, change.metadata, change.created_at, change.updated_at,
    change.changed_by, change.trace_id
  );

DELETE FROM sales_daily
WHERE day IN UNNEST(@affected_days);

INSERT INTO sales_daily (day, region, currency, order_count, gross_revenue, refunded, net_revenue)
SELECT
  day,
  region,
  currency,
  COUNT(*),
  SUM(amount),
  SUM(IF(status = 'refunded', amount, 0)),
  SUM(IF(status = 'refunded', 0, amount))
FROM (
  SELECT
    DATE(created_at) AS day,
    region,
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
    DATE(created_at) IN UNNEST(@affected_days)
    AND op != 'D'
    AND status != 'cancelled'
)
GROUP BY day, region, currency;

-- An equal row stays as it is, with the time at which it was first published.
MERGE INTO load_ledger AS target
USING (
  SELECT
    @day AS day,
    @state AS state,
    @receipt AS receipt,
    @last_change_id AS last_change_id,
    @load_id AS load_id,
    IFNULL(@job_ids, CAST([] AS ARRAY<STRING>)) AS job_ids,
    @extracted_at AS extracted_at,
    CURRENT_TIMESTAMP() AS published_at
) AS load
ON target.day = load.day
WHEN MATCHED AND (
  target.state != load.state
  OR target.receipt != load.receipt
  OR target.last_change_id != load.last_change_id
  OR target.load_id != load.load_id
) THEN
  UPDATE SET
    state = load.state,
    receipt = load.receipt,
    last_change_id = load.last_change_id,
    load_id = load.load_id,
    job_ids = load.job_ids,
    extracted_at = load.extracted_at,
    published_at = load.published_at
WHEN NOT MATCHED THEN
  INSERT (day, state, receipt, last_change_id, load_id, job_ids, extracted_at, published_at)
  VALUES (
    load.day, load.state, load.receipt, load.last_change_id, load.load_id, load.job_ids,
    load.extracted_at, load.published_at
  );

COMMIT TRANSACTION;
