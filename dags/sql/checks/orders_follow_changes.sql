-- No order that changed on the day is missing from orders or older there than that change.
--
-- @day DATE  the UTC day of the changes
SELECT
  COUNT(*) = 0 AS orders_are_as_new_as_their_changes
FROM (
  SELECT order_id, MAX(change_id) AS change_id
  FROM orders_raw
  WHERE DATE(ingested_at) = @day
  GROUP BY order_id
) AS changed
LEFT JOIN orders ON orders.order_id = changed.order_id
WHERE orders.order_id IS NULL OR orders.change_id < changed.change_id;
