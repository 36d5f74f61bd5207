from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.cloud import bigquery

Query = Callable[..., list[dict[str, Any]]]
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, dt.UTC)


def value(run: Query, expression: str, *parameters: Any) -> Any:
    (row,) = run(f"SELECT {expression} AS value", *parameters)
    return row["value"]


def test_every_type_comes_back_as_the_client_knows_it(run: Query) -> None:
    (row,) = run(
        "SELECT TRUE AS b, 7 AS i, 0.5 AS f, NUMERIC '1.50' AS n, 'é' AS s, b'\\x00x' AS y, "
        "DATE '2026-01-02' AS d, TIME '03:04:05.6' AS t, DATETIME '2026-01-02 03:04:05' AS dt, "
        "TIMESTAMP '2026-01-02 05:04:05.678901+02:00' AS ts, [1, 2] AS a, "
        "STRUCT('x' AS k, [STRUCT(1 AS v)] AS l) AS st, JSON '{\"k\": [1]}' AS j, "
        "CAST(NULL AS INT64) AS z"
    )
    assert row == {
        "b": True,
        "i": 7,
        "f": 0.5,
        "n": Decimal("1.5"),
        "s": "é",
        "y": b"\x00x",
        "d": dt.date(2026, 1, 2),
        "t": dt.time(3, 4, 5, 600000),
        "dt": dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - a DATETIME has no zone
        "ts": NOW,
        "a": [1, 2],
        "st": {"k": "x", "l": [{"v": 1}]},
        "j": {"k": [1]},
        "z": None,
    }


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("INT64", -(2**63)),
        ("FLOAT64", 0.1),
        ("NUMERIC", Decimal("-99999999999999999999999999999.999999999")),
        ("BOOL", False),
        ("STRING", 'it\'s "quoted"\n\\'),
        ("BYTES", b"\x00\xff"),
        ("DATE", dt.date(2026, 1, 2)),
        ("TIMESTAMP", NOW),
    ],
)
def test_a_parameter_and_an_array_of_it_keep_type_and_value(
    run: Query, kind: str, given: Any
) -> None:
    one = bigquery.ScalarQueryParameter("p", kind, given)
    many = bigquery.ArrayQueryParameter("l", kind, [given, given])
    none = bigquery.ScalarQueryParameter("n", kind, None)
    empty = bigquery.ArrayQueryParameter("e", kind, [])
    (row,) = run("SELECT @p AS p, @l AS l, @n AS n, @e AS e, @p IN UNNEST(@l) AS hit",
                 one, many, none, empty)  # fmt: skip
    assert row == {"p": given, "l": [given, given], "n": None, "e": [], "hit": True}


def test_positional_parameters(run: Query) -> None:
    parameters = [bigquery.ScalarQueryParameter(None, "INT64", n) for n in (40, 2)]
    assert run("SELECT ? + ? AS v", *parameters) == [{"v": 42}]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CAST(NUMERIC '10.500' AS STRING)", "10.5"),
        ("CAST(NUMERIC '123' AS STRING)", "123"),
        ("CAST(1.0 AS STRING)", "1"),
        ("CAST('0x1F' AS INT64)", 31),
        ("CAST('-0x1F' AS INT64)", -31),
        ("CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5('abc')), 18)) AS INT64)", 474636617523494770),
        ("CAST(2.5 AS INT64)", 3),
        ("CAST(1e18 AS NUMERIC)", Decimal(10**18)),
        ("CAST(POW(10, 2) AS NUMERIC)", Decimal(100)),
        ("NUMERIC '2' / NUMERIC '3'", Decimal("0.666666667")),
        ("NUMERIC '-2' / NUMERIC '3'", Decimal("-0.666666667")),
        ("ROUND(NUMERIC '-2.5')", Decimal(-3)),
        ("ROUND(NUMERIC '1.255', 2)", Decimal("1.26")),
        ("CAST(TIMESTAMP '2026-01-02 00:00:00.120' AS STRING)", "2026-01-02 00:00:00.120+00"),
        ("DATE(TIMESTAMP '2026-01-01 23:30:00', 'Europe/Berlin')", dt.date(2026, 1, 2)),
        ("TIMESTAMP(DATE '2026-01-02')", dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
        ("UNIX_MICROS(TIMESTAMP '1969-12-31 23:59:59')", -1000000),
        ("FORMAT_DATE('%Y%m%d', DATE '2026-01-02')", "20260102"),
        ("FORMAT('%05d|%s', 42, 'x')", "00042|x"),
        ("DATE_TRUNC(DATE '2026-01-02', WEEK)", dt.date(2025, 12, 28)),
        ("DATE_SUB(DATE '2024-03-31', INTERVAL 1 MONTH)", dt.date(2024, 2, 29)),
        ("ARRAY_LENGTH(GENERATE_DATE_ARRAY('2026-01-01', '2026-01-31'))", 31),
        ("BYTE_LENGTH('é')", 2),
        ("SUBSTR('hello', -3, 2)", "ll"),
        ("SAFE_DIVIDE(1, 0)", None),
        ("SAFE_CAST('x' AS INT64)", None),
        ("SAFE.SUBSTR('x', 1, -1)", None),
        ("IF(NULL, 1, 2)", 2),
        ("3 IN (1, NULL)", None),
        ("CONCAT('a', NULL)", None),
        ("GREATEST(1, NULL)", None),
        ("1 = 1 AND NULL", None),
        ("EXTRACT(DAYOFWEEK FROM DATE '2026-01-04')", 1),
        ("TIMESTAMP_DIFF('2026-01-02 00:00:00', '2026-01-01 00:00:01', DAY)", 0),
    ],
)
def test_functions_answer_as_google_documents(run: Query, sql: str, expected: Any) -> None:
    assert value(run, sql) == expected


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("9223372036854775807 + 1", "int64 overflow"),
        ("(SELECT SUM(x) FROM UNNEST([9223372036854775807, 1]) AS x)", "overflow"),
        ("NUMERIC '99999999999999999999999999999' * 10", "overflow"),
        ("1 / 0", "division by zero"),
        ("NUMERIC '1' / 0", "division by zero"),
        ("MOD(1, 0)", "division by zero"),
        ("CAST('1.5' AS INT64)", "Bad int64 value"),
        ("CAST('x' AS DATE)", "Invalid date"),
        ("(SELECT x FROM UNNEST([1, 2]) AS x)", "more than one element"),
        ("ERROR('mine')", "mine"),
        ("[1, 2][OFFSET(5)]", "out of bounds"),
    ],
)
def test_what_fails_on_googles_service_fails_here(run: Query, sql: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message) as caught:
        value(run, sql)
    assert caught.value.errors[0]["reason"] == "invalidQuery"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", "Syntax error"),
        ("SELECT nope", "Unrecognized name: nope"),
        ("SELECT CURRENT_DATE() = 1", "No matching signature"),
        ("SELECT NOSUCH(1)", "Function not found"),
        ("DELETE FROM {t}", "WHERE"),
        ("SELECT a::INT64 FROM {t}", "Syntax error"),
        ("INSERT INTO {t} (a) VALUES ('x')", "INT64"),
        ("SELECT @missing", "missing"),
    ],
)
def test_googles_analyzer_refuses_before_anything_runs(run: Query, sql: str, message: str) -> None:
    run("CREATE TABLE t (a INT64)")
    with pytest.raises(BadRequest, match=message):
        run(sql.format(t="t"))


def test_a_missing_table_is_a_404(run: Query) -> None:
    with pytest.raises(NotFound, match=r"Not found: Table .*nope was not found in location US"):
        run("SELECT * FROM nope")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE FUNCTION f(x INT64) AS (x)",
        "SELECT FARM_FINGERPRINT('x')",
        "SELECT BIGNUMERIC '1'",
        "BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT 2; END",
        "WHILE TRUE DO SELECT 1; END WHILE",
    ],
)
def test_what_is_not_supported_is_a_501(run: Query, sql: str) -> None:
    with pytest.raises(GoogleAPICallError) as caught:
        run(sql)
    assert caught.value.code == 501


def test_clauses_of_a_query(run: Query) -> None:
    rows = run(
        "WITH o AS (SELECT * FROM UNNEST([STRUCT(1 AS id, 'EU' AS r, NUMERIC '1.5' AS v), "
        "(2, 'US', 2), (3, 'EU', NULL), (3, 'EU', 4)])) "
        "SELECT r, COUNT(*) AS n, COUNTIF(v > 1) AS big, SUM(v) AS total, AVG(v) AS mean, "
        "ARRAY_AGG(id ORDER BY id DESC LIMIT 2) AS ids, STRING_AGG(r, '|') AS names "
        "FROM o WHERE id > 0 GROUP BY r HAVING n > 0 ORDER BY r"
    )
    assert rows == [
        {"r": "EU", "n": 3, "big": 2, "total": Decimal("5.5"), "mean": Decimal("2.75"),
         "ids": [3, 3], "names": "EU|EU|EU"},
        {"r": "US", "n": 1, "big": 1, "total": Decimal(2), "mean": Decimal(2),
         "ids": [2], "names": "US"},
    ]  # fmt: skip


def test_qualify_keeps_the_last_row_of_each_group(run: Query) -> None:
    rows = run(
        "SELECT id, v FROM UNNEST([STRUCT(1 AS id, 1 AS v), (1, 2), (2, 5)]) "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY v DESC) = 1 ORDER BY id"
    )
    assert rows == [{"id": 1, "v": 2}, {"id": 2, "v": 5}]


def test_set_operations_and_full_join(run: Query) -> None:
    kept = run("SELECT x FROM UNNEST([1,2,2,3]) x EXCEPT DISTINCT SELECT 3 ORDER BY 1")
    assert [row["x"] for row in kept] == [1, 2]
    joined = run(
        "SELECT a, b FROM UNNEST([1, 2]) a FULL JOIN UNNEST([2, 3]) b ON a = b "
        "ORDER BY IFNULL(a, b)"
    )
    assert [(row["a"], row["b"]) for row in joined] == [(1, None), (2, 2), (None, 3)]


def test_nulls_stand_first_ascending_and_last_descending(run: Query) -> None:
    up = run("SELECT x FROM UNNEST([2, NULL, 1]) x ORDER BY x")
    down = run("SELECT x FROM UNNEST([2, NULL, 1]) x ORDER BY x DESC")
    assert [row["x"] for row in up] == [None, 1, 2]
    assert [row["x"] for row in down] == [2, 1, None]


def test_unnest_with_offset_and_correlation(run: Query) -> None:
    rows = run(
        "SELECT o.id, tag, place FROM (SELECT 1 AS id, ['a', 'b'] AS tags) o, "
        "UNNEST(o.tags) tag WITH OFFSET place WHERE EXISTS "
        "(SELECT 1 FROM UNNEST(o.tags) other WHERE other > tag) ORDER BY place"
    )
    assert rows == [{"id": 1, "tag": "a", "place": 0}]


def test_nameless_columns_are_numbered(run: Query) -> None:
    assert run("SELECT 1, 2 AS two, 3") == [{"f0_": 1, "two": 2, "f1_": 3}]


def test_a_dry_run_says_the_schema_and_changes_nothing(client: bigquery.Client) -> None:
    job = client.query("SELECT 1 AS x", bigquery.QueryJobConfig(dry_run=True))
    assert job.total_bytes_processed == 0
    schema = job.schema or []
    assert [(field.name, field.field_type) for field in schema] == [("x", "INTEGER")]


def test_legacy_sql_is_refused(client: bigquery.Client) -> None:
    with pytest.raises(BadRequest, match="Legacy SQL"):
        client.query("SELECT 1", bigquery.QueryJobConfig(use_legacy_sql=True)).result()


@pytest.mark.parametrize("path", ["`p_*`", "`{d}.p_*`", "`tally-test.{d}.p_*`"])
def test_a_wildcard_table_is_refused_by_that_name(run: Query, dataset: str, path: str) -> None:
    run("CREATE TABLE p_2026 (n INT64)")
    with pytest.raises(GoogleAPICallError, match="Wildcard tables are not supported") as caught:
        run(f"SELECT * FROM {path.format(d=dataset)}")
    assert caught.value.code == 501
