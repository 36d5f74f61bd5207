from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, GoogleAPICallError
from google.cloud import bigquery

Query = Callable[..., list[dict[str, Any]]]
DAY = dt.date(2026, 1, 2)
PARAMETER = bigquery.ScalarQueryParameter
TABLES = """
CREATE TABLE orders_raw (change_id INT64 NOT NULL, order_id INT64, op STRING, total_cents INT64,
  exponent INT64, region STRING, created_at TIMESTAMP, ingested_at TIMESTAMP NOT NULL)
PARTITION BY DATE(ingested_at) CLUSTER BY region, order_id
OPTIONS (require_partition_filter = TRUE);
CREATE TABLE orders (order_id INT64 NOT NULL, change_id INT64, op STRING, total_cents INT64,
  exponent INT64, region STRING, created_at TIMESTAMP)
PARTITION BY TIMESTAMP_TRUNC(created_at, MONTH);
CREATE TABLE sales_daily (day DATE NOT NULL, region STRING, order_count INT64, gross NUMERIC)
PARTITION BY day;
CREATE TABLE load_ledger (day DATE NOT NULL, receipt STRING, published_at TIMESTAMP);
CREATE TABLE orders_stage (change_id INT64, order_id INT64, op STRING, total_cents INT64,
  exponent INT64, region STRING, created_at TIMESTAMP, load_id STRING);
"""
PUBLISH = """
BEGIN TRANSACTION;
ASSERT (
  SELECT CONCAT('v1:', CAST(COUNT(*) AS STRING), ':',
    CAST(IFNULL(SUM(CAST(total_cents AS NUMERIC)), 0) AS STRING), ':',
    CAST(IFNULL(SUM(CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(canonical)), 18)) AS INT64)
      AS NUMERIC)), 0) AS STRING))
  FROM (SELECT total_cents, CONCAT(CAST(change_id AS STRING), '|',
    IFNULL(CONCAT(CAST(BYTE_LENGTH(region) AS STRING), ':', region), '-')) AS canonical
    FROM orders_stage WHERE load_id = @load_id)
) = @receipt AS 'the staged rows are not the ones that were extracted';
DELETE FROM orders_raw WHERE ingested_at = TIMESTAMP(@day);
INSERT INTO orders_raw (change_id, order_id, op, total_cents, exponent, region, created_at,
  ingested_at)
SELECT change_id, order_id, op, total_cents, exponent, region, created_at, TIMESTAMP(@day)
FROM orders_stage WHERE load_id = @load_id;
MERGE orders AS target USING (
  SELECT order_id, change_id, op, total_cents, exponent, region, created_at FROM orders_stage
  WHERE load_id = @load_id
  QUALIFY ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY change_id DESC) = 1
) AS source ON target.order_id = source.order_id
WHEN MATCHED AND source.change_id > target.change_id THEN UPDATE SET
  change_id = source.change_id, op = source.op, total_cents = source.total_cents
WHEN NOT MATCHED THEN INSERT ROW;
DELETE FROM sales_daily WHERE day IN UNNEST(@affected_days);
INSERT INTO sales_daily (day, region, order_count, gross)
SELECT DATE(created_at), region, COUNT(*),
  SUM(CAST(total_cents AS NUMERIC) / CAST(POW(10, exponent) AS NUMERIC))
FROM orders WHERE op <> 'D' AND DATE(created_at) IN UNNEST(@affected_days) GROUP BY 1, 2;
MERGE load_ledger AS target USING (SELECT @day AS day, @receipt AS receipt) AS source
ON target.day = source.day
WHEN MATCHED THEN UPDATE SET receipt = source.receipt, published_at = CURRENT_TIMESTAMP()
WHEN NOT MATCHED THEN INSERT (day, receipt, published_at)
  VALUES (source.day, source.receipt, CURRENT_TIMESTAMP());
COMMIT TRANSACTION;
"""


def publish(run: Query, receipt: str) -> None:
    run(
        PUBLISH,
        PARAMETER("day", "DATE", DAY),
        PARAMETER("load_id", "STRING", "l1"),
        PARAMETER("receipt", "STRING", receipt),
        bigquery.ArrayQueryParameter("affected_days", "DATE", [DAY]),
    )


@pytest.fixture
def staged(run: Query) -> Query:
    run(TABLES)
    run(
        "INSERT INTO orders_stage VALUES "
        "(1, 10, 'I', 1000, 2, 'EU', TIMESTAMP '2026-01-02 01:00:00', 'l1'), "
        "(2, 10, 'U', 1005, 2, 'EU', TIMESTAMP '2026-01-02 01:00:00', 'l1'), "
        "(3, 11, 'I', 1500, 0, NULL, TIMESTAMP '2026-01-02 02:00:00', 'l1')"
    )
    return run


def real_receipt(run: Query) -> str:
    (row,) = run(
        "SELECT CONCAT('v1:', CAST(COUNT(*) AS STRING), ':', CAST(SUM(CAST(total_cents AS NUMERIC))"
        " AS STRING), ':', CAST(SUM(CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(CAST(change_id"
        " AS STRING), '|', IFNULL(CONCAT(CAST(BYTE_LENGTH(region) AS STRING), ':', region), '-'))))"
        ", 18)) AS INT64) AS NUMERIC)) AS STRING)) AS r FROM orders_stage"
    )
    return str(row["r"])


def test_the_publish_script_runs_whole_and_can_be_repeated(staged: Query) -> None:
    for _ in range(2):
        publish(staged, real_receipt(staged))
    sales = staged("SELECT * FROM sales_daily ORDER BY region")
    assert sales == [
        {"day": DAY, "region": None, "order_count": 1, "gross": Decimal(1500)},
        {"day": DAY, "region": "EU", "order_count": 1, "gross": Decimal("10.05")},
    ]
    raw = staged("SELECT COUNT(*) AS n FROM orders_raw WHERE ingested_at = '2026-01-02'")
    assert raw == [{"n": 3}]
    assert staged("SELECT COUNT(*) AS n FROM load_ledger") == [{"n": 1}]


def test_a_failed_assert_leaves_nothing_behind(staged: Query) -> None:
    with pytest.raises(BadRequest, match="Assertion failed: the staged rows"):
        publish(staged, "v1:0:0:0")
    for table in ("orders", "sales_daily", "load_ledger"):
        assert staged(f"SELECT COUNT(*) AS n FROM {table}") == [{"n": 0}]


def test_what_stands_before_the_transaction_stays(run: Query) -> None:
    run("CREATE TABLE t (a INT64)")
    with pytest.raises(BadRequest, match="division by zero"):
        run(
            "INSERT INTO t VALUES (1); BEGIN TRANSACTION; INSERT INTO t VALUES (2); "
            "SELECT 1 / 0; COMMIT TRANSACTION"
        )
    assert run("SELECT a FROM t") == [{"a": 1}]


def test_rollback_undoes_and_an_open_end_does_too(run: Query) -> None:
    run("CREATE TABLE t (a INT64)")
    run("BEGIN TRANSACTION; INSERT INTO t VALUES (1); ROLLBACK TRANSACTION;")
    run("BEGIN TRANSACTION; INSERT INTO t VALUES (2);")
    assert run("SELECT a FROM t") == []


def test_a_script_answers_with_its_last_select(run: Query, client: bigquery.Client) -> None:
    assert run("SELECT 1 AS a; SELECT 2 AS b;") == [{"b": 2}]
    assert client.query("SELECT 1; SELECT 2").statement_type == "SCRIPT"


def test_a_query_may_follow_a_condition(run: Query) -> None:
    assert run("ASSERT (SELECT 1) = 1; SELECT 2 AS a;") == [{"a": 2}]
    assert run("IF EXISTS (SELECT 1) THEN SELECT 3 AS a; END IF;") == [{"a": 3}]


def test_permanent_ddl_in_a_transaction_is_refused_temporary_is_not(run: Query) -> None:
    with pytest.raises(BadRequest, match="DDL statements are not supported in a transaction"):
        run("BEGIN TRANSACTION; CREATE TABLE t (a INT64); COMMIT TRANSACTION;")
    rows = run(
        "BEGIN TRANSACTION; CREATE TEMP TABLE t AS SELECT 1 AS a; COMMIT TRANSACTION; "
        "SELECT a FROM t"
    )
    assert rows == [{"a": 1}]


def test_variables_and_if(run: Query) -> None:
    rows = run(
        "DECLARE n INT64 DEFAULT 1; DECLARE d DATE; SET d = DATE '2026-01-02'; SET n = n + 1; "
        "IF n = 2 THEN SELECT n AS n, d AS d; ELSE SELECT 0; END IF;"
    )
    assert rows == [{"n": 2, "d": DAY}]


def test_an_error_points_at_its_place_in_the_script(run: Query) -> None:
    with pytest.raises(BadRequest, match=r"Unrecognized name: nope at \[2:8\]"):
        run("SELECT 1;\nSELECT nope;")


def test_a_script_with_an_unsupported_statement_does_nothing(run: Query) -> None:
    run("CREATE TABLE t (a INT64)")
    with pytest.raises(GoogleAPICallError) as caught:
        run("INSERT INTO t VALUES (1); CREATE FUNCTION f() AS (1);")
    assert caught.value.code == 501
    assert run("SELECT a FROM t") == []


def test_merge_refuses_two_sources_for_one_row(run: Query) -> None:
    run("CREATE TABLE t AS SELECT 1 AS id, 'x' AS v")
    with pytest.raises(BadRequest, match="must match at most one source row"):
        run(
            "MERGE t USING (SELECT 1 AS id, 'a' AS v UNION ALL SELECT 1, 'b') s ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET v = s.v"
        )
    with pytest.raises(BadRequest, match="must match at most one source row"):
        run("UPDATE t SET v = s.v FROM (SELECT 1 AS id, 'a' AS v UNION ALL SELECT 1, 'b') s "
            "WHERE t.id = s.id")  # fmt: skip
    assert run("SELECT v FROM t") == [{"v": "x"}]


def test_dml_counts_its_rows(client: bigquery.Client, dataset: str) -> None:
    client.query(f"CREATE TABLE {dataset}.t AS SELECT x FROM UNNEST([1, 2, 3]) x").result()
    merge = client.query(
        f"MERGE {dataset}.t t USING (SELECT 3 AS x UNION ALL SELECT 4) s ON t.x = s.x "
        "WHEN MATCHED THEN UPDATE SET x = 30 WHEN NOT MATCHED THEN INSERT (x) VALUES (s.x) "
        "WHEN NOT MATCHED BY SOURCE AND t.x = 1 THEN DELETE"
    )
    merge.result()
    assert merge.num_dml_affected_rows == 3
    stats = merge.dml_stats
    assert stats is not None
    assert (stats.inserted_row_count, stats.updated_row_count, stats.deleted_row_count) == (1, 1, 1)
    update = client.query(f"UPDATE {dataset}.t SET x = x + 1 WHERE TRUE")
    update.result()
    assert update.num_dml_affected_rows == 3


def test_concurrent_updates_are_never_lost(client: bigquery.Client, dataset: str) -> None:
    client.query(f"CREATE TABLE {dataset}.t AS SELECT 0 AS n").result()
    script = f"BEGIN TRANSACTION; UPDATE {dataset}.t SET n = n + 1 WHERE TRUE; COMMIT TRANSACTION;"
    failures: list[Exception] = []

    def bump() -> None:
        try:
            for _ in range(5):
                client.query(script).result()
        except GoogleAPICallError as error:
            failures.append(error)

    threads = [threading.Thread(target=bump) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    (row,) = client.query(f"SELECT n FROM {dataset}.t").result()
    assert row.n == 20


@pytest.mark.parametrize(
    ("where", "accepted"),
    [
        ("ingested_at = TIMESTAMP('2026-01-02')", True),
        ("DATE(ingested_at) BETWEEN '2026-01-01' AND '2026-01-03'", True),
        ("DATE(ingested_at) IN UNNEST(@days)", True),
        (
            "ingested_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY) AND region = 'x'",
            True,
        ),
        ("region = 'x'", False),
        ("ingested_at = '2026-01-02' OR region = 'x'", False),
        ("ingested_at = (SELECT MAX(published_at) FROM load_ledger)", False),
        ("ingested_at = created_at", False),
    ],
)
def test_a_required_partition_filter(run: Query, where: str, *, accepted: bool) -> None:
    run(TABLES)
    days = bigquery.ArrayQueryParameter("days", "DATE", [DAY])
    for sql in ("SELECT * FROM orders_raw WHERE {}", "DELETE FROM orders_raw WHERE {}",
                "UPDATE orders_raw SET op = 'x' WHERE {}"):  # fmt: skip
        if accepted:
            run(sql.format(where), days)
        else:
            with pytest.raises(BadRequest, match=r"Cannot query over table '.*orders_raw' without "
                               r"a filter over column\(s\) 'ingested_at'"):  # fmt: skip
                run(sql.format(where), days)


def test_required_and_sized_columns_hold_in_dml(run: Query) -> None:
    run("CREATE TABLE t (a INT64 NOT NULL, s STRING(3), n NUMERIC(5, 2))")
    run("INSERT INTO t VALUES (1, 'abc', 1.255)")
    assert run("SELECT n FROM t") == [{"n": Decimal("1.26")}]
    for values in ("(NULL, 'a', 1)", "(1, 'abcd', 1)", "(1, 'a', 12345)"):
        with pytest.raises(BadRequest):
            run(f"INSERT INTO t VALUES {values}")
    assert run("SELECT COUNT(*) AS n FROM t") == [{"n": 1}]


def test_views_follow_their_tables(run: Query, dataset: str) -> None:
    run("CREATE TABLE t AS SELECT 1 AS a")
    run(f"CREATE VIEW v AS SELECT a + 1 AS b FROM {dataset}.t")
    run("INSERT INTO t VALUES (5)")
    assert [row["b"] for row in run("SELECT b FROM v ORDER BY b")] == [2, 6]
    with pytest.raises(BadRequest, match="must be qualified with a dataset"):
        run("CREATE VIEW w AS SELECT a FROM t")


def test_a_filter_counts_only_where_a_join_applies_it(run: Query) -> None:
    run(TABLES)
    join = (
        "SELECT o.order_id FROM {} JOIN {} ON o.order_id = r.order_id AND r.ingested_at = "
        "'2026-01-02'"
    )
    assert run(join.format("orders o LEFT", "orders_raw r")) == []
    with pytest.raises(BadRequest, match="Cannot query over table"):
        run(join.format("orders_raw r LEFT", "orders o"))


def test_temporary_tables_may_come_and_go_in_a_transaction(run: Query) -> None:
    run("BEGIN TRANSACTION; CREATE TEMP TABLE x AS SELECT 1 AS a; DROP TABLE x; COMMIT TRANSACTION")


def test_arrays_hold_no_null_and_names_are_not_repeated(run: Query) -> None:
    run("CREATE TABLE t (l ARRAY<INT64>)")
    for sql in ("SELECT [1, NULL] AS l", "INSERT INTO t VALUES ([1, NULL])"):
        with pytest.raises(BadRequest, match="Array cannot have a null element"):
            run(sql)
    run("INSERT INTO t VALUES (NULL), ([1])")
    assert sorted(len(row["l"]) for row in run("SELECT l FROM t")) == [0, 1]
    with pytest.raises(BadRequest, match="Duplicate column names"):
        run("SELECT 1 AS a, 2 AS A")
